"""Run random networks on the Numba kernels with guard values around every buffer.

    NTM_AGENTS_GUARDS=1 python tests/agents/kernels/guarded_calls.py --calls 10000

Arrays that Python passes to a kernel are copied between guards, which are NaN as numbers, at
addresses that are aligned to single numbers only; what a kernel is to write is NaN before. The
buffers of its own are guarded by `ntm_agents.kernels.numba.lang.guards`. A guard that is
written to is an error; one that is read shows as NaN in the results, or as a difference from
the reference, with which every twentieth call is compared.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ntm_agents import NTM, NTMConfig, NTMState
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.kernels.numba import cpu, training
from ntm_agents.kernels.numba.backward import backward
from ntm_agents.kernels.numba.forward import forward
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES, REGISTER_BYTES
from ntm_agents.kernels.numba.lang.products import transpose
from ntm_agents.kernels.numba.start import begin, begin_backward

GUARD = 64
COMPARED = 20
WRITTEN: dict[Any, tuple[str, ...]] = {
    forward: ("given.tape", "given.results"),
    backward: ("given.d_inputs", "given.totals"),
    begin: ("start",),
    begin_backward: ("d_memory", "d_logits", "d_read_vectors", "d_controller"),
    transpose: (),
    training.cross_entropy: ("d_logits",),
    training.clip_norm: (),
    training.graves_update: (),
}
"""All kernels that Python calls, and the arguments, or fields of arguments, that they write
without reading them."""


class Guarded:
    """A copy of an array between guards."""

    def __init__(self, array: NDArray[Any], poisoned: bool, misplaced: int) -> None:
        self.original, ones = array, np.uint8(0xFF)
        guard, size = GUARD * array.itemsize, array.nbytes
        before = guard + misplaced * array.itemsize
        self.block = np.full(before + size + guard, ones)
        self._inside = slice(before, before + size)
        self.array = self.block[self._inside].view(array.dtype).reshape(array.shape)
        if not poisoned:
            self.array[...] = array

    def check_and_copy_back(self) -> None:
        outside = np.delete(self.block, self._inside)
        if (outside != 0xFF).any():
            raise RuntimeError("a kernel has written outside of its arguments")
        if self.original.flags.writeable:
            self.original[...] = self.array


def guarded(kernel: Any, generator: np.random.Generator, calls: Counter[str]) -> Any:
    """Return a function that calls a kernel with guarded copies."""
    names = list(inspect.signature(kernel.py_func).parameters)

    def call(*args: Any) -> Any:
        copies: list[Guarded] = []

        def copy(value: Any, name: str) -> Any:
            if isinstance(value, np.ndarray):
                poisoned = any(f"{name}.".startswith(f"{w}.") for w in WRITTEN[kernel])
                copies.append(Guarded(value, poisoned, int(generator.integers(16))))
                return copies[-1].array
            if isinstance(value, tuple):
                fields = getattr(value, "_fields", map(str, range(len(value))))
                kept = [copy(v, f"{name}.{f}") for f, v in zip(fields, value, strict=True)]
                return type(value)(*kept) if hasattr(value, "_fields") else tuple(kept)
            return value

        calls[kernel.py_func.__name__] += 1
        result = kernel(*(copy(a, n) for n, a in zip(names, args, strict=True)))
        for one in copies:
            one.check_and_copy_back()
        return result

    return call


def replace_kernels(replacement: Callable[[Any], Any]) -> None:
    """Put others in the place of all kernels that Python calls, wherever they are imported."""
    replaced = {id(kernel): replacement(kernel) for kernel in WRITTEN}
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("ntm_agents."):
            for name, value in list(vars(module).items()):
                if id(value) in replaced:
                    setattr(module, name, replaced[id(value)])


def draw_config(generator: np.random.Generator) -> NTMConfig:
    def between(low: int, high: int) -> int:
        return int(generator.integers(low, high + 1))

    max_shift = between(1, 2)
    return NTMConfig(
        between(1, 20),
        between(1, 18),
        "lstm" if generator.random() < 0.5 else "feedforward",
        between(1, 40),
        between(1, 3),
        between(2 * max_shift + 1, 150),
        between(1, 40),
        between(1, 3),
        between(1, 3),
        max_shift,
        2.0,
        memory_start="each" if generator.random() < 0.5 else "shared",
    )


def run(
    network: NTM, inputs: Tensor, state: NTMState | None, starts: Tensor | None, grad: bool
) -> dict[str, Tensor]:
    """Return all results, and all gradients if they are wanted."""
    network.zero_grad()
    own = inputs.clone().requires_grad_(grad)
    with torch.set_grad_enabled(grad):
        logits, final = network(own, state, episode_starts=starts)
    results = {"logits": logits, **final._asdict()}
    if not grad:
        return results
    (logits.mean() + sum(field.mean() for field in final if field.numel() > 0)).backward()
    gradients = {"inputs": own.grad, **{n: p.grad for n, p in network.named_parameters()}}
    return results | {name: g.clone() for name, g in gradients.items() if g is not None}


def check_call(generator: np.random.Generator, compare: bool) -> None:
    """Run a random network on random sequences, and a training step's loops."""
    config = draw_config(generator)
    network = NTM(config, "numba")
    if generator.random() < 0.2:
        network.output_layer = nn.Identity()  # type: ignore[assignment]
    batch_size, steps = int(generator.integers(1, 10)), int(generator.integers(1, 13))
    inputs = torch.randn(batch_size, steps, config.input_size)
    state = starts = None
    if generator.random() < 0.5:
        state = NTMState(*(f.detach().clone() for f in network.initial_state(batch_size)))
    if generator.random() < 0.3:
        starts = torch.rand(batch_size, steps) < 0.3
    grad = bool(generator.random() < 0.8)
    found = run(network, inputs, state, starts, grad)
    if not all(tensor.isfinite().all() for tensor in found.values()):
        raise RuntimeError(f"a kernel has read outside of its buffers: NaN with {config}")
    if compare:
        backend: Backend = "reference"
        network.backend = backend
        expected = run(network, inputs, state, starts, grad)
        for name, tensor in expected.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)
    check_training_step(generator)


def check_training_step(generator: np.random.Generator) -> None:
    shape = tuple(int(n) for n in generator.integers(1, 9, 3))
    logits, d_logits = (generator.random(shape, np.float32) for _ in range(2))
    targets = np.float32(generator.random(shape) < 0.5)
    scored = np.float32(generator.random((*shape[:2], 1)) < 0.5)
    nats = training.cross_entropy(logits, targets, scored, d_logits)
    vectors = generator.random((5, int(generator.integers(1, 100))), np.float32) + 1
    parameters, gradient, square, mean, update = vectors
    square += 9
    norm = training.clip_norm(gradient, 0.5)
    training.graves_update(
        parameters, gradient, (square, mean, update), (1e-3, 0.95, 0.9, 1e-4)
    )
    if not all(np.isfinite(x).all() for x in (nats, norm, d_logits, vectors)):
        raise RuntimeError("a kernel has read outside of its buffers: NaN in a training step")


def main() -> None:
    """Run some calls and print how often each kernel was called."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000, help="random calls (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (%(default)s)")
    arguments = parser.parse_args()
    if GUARD_BYTES == 0:
        parser.error("set NTM_AGENTS_GUARDS=1, for kernels that guard their own buffers")
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    generator, calls = np.random.default_rng(arguments.seed), Counter[str]()
    assert cpu  # imported, so that all that calls a kernel is
    replace_kernels(lambda kernel: guarded(kernel, generator, calls))
    for number in range(arguments.calls):
        check_call(generator, compare=number % COMPARED == 0)
    missed = {kernel.py_func.__name__ for kernel in WRITTEN} - set(calls)
    if missed:
        sys.exit(f"never called: {sorted(missed)}")
    print(f"{arguments.calls} random calls, registers of {REGISTER_BYTES} bytes, no guard hit:")
    print(", ".join(f"{name} {count}" for name, count in sorted(calls.items())))


if __name__ == "__main__":
    main()
