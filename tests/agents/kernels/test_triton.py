"""The Triton kernels equal the reference: on a CUDA device, else in the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ntm_agents import NTM, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm.config import Controller
from ntm_agents.ntm.state import NTMState

pytest.importorskip("triton", minversion="3.6")
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TINY = {
    "feedforward": NTMConfig(3, 2, "feedforward", 3, 1, 5, 3, initial_focus=2.0),
    "lstm": NTMConfig(3, 2, "lstm", 3, 1, 5, 3, initial_focus=2.0),
}
ODD = {
    "feedforward": NTMConfig(3, 2, "feedforward", 35, 1, 9, 7, initial_focus=2.0),
    "lstm": NTMConfig(3, 2, "lstm", 35, 1, 9, 7, initial_focus=2.0),
}
MANY = {
    "feedforward-2-layers-heads-3x2-shift-2": NTMConfig(
        3, 2, "feedforward", 5, 2, 9, 7, 3, 2, 2, 2.0
    ),
    "lstm-2-layers-heads-2x3-shift-2": NTMConfig(3, 2, "lstm", 5, 2, 9, 7, 2, 3, 2, 2.0),
}


def make_ntm(config: NTMConfig, backend: Backend, dtype: torch.dtype = torch.float64) -> NTM:
    ntm = make_untrained_ntm(config, backend)
    with torch.no_grad():
        for parameter in ntm.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=torch.float64) * 0.3)
    return ntm.to(dtype)


def make_untrained_ntm(
    config: NTMConfig, backend: Backend, dtype: torch.dtype = torch.float64
) -> NTM:
    torch.manual_seed(0)
    ntm = NTM(config, backend).double()
    return ntm.to(DEVICE if backend == "triton" else "cpu", dtype)


def run(ntm: NTM, batch_size: int, steps: int, starts: Tensor | None = None) -> list[Tensor]:
    """Return outputs, final state, and all gradients of a random weighting of both."""
    generator = torch.Generator().manual_seed(1)
    like = ntm.initial_memory

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(like)

    inputs = normal(batch_size, steps, ntm.config.input_size).requires_grad_()
    logits, state = ntm(
        inputs, episode_starts=None if starts is None else starts.to(like.device)
    )
    found = [logits, *state]
    torch.stack([(field * normal(*field.shape)).sum() for field in found]).sum().backward()
    gradients = [parameter.grad for parameter in (inputs, *ntm.parameters())]
    return [field.detach().cpu() for field in (*found, *gradients) if field is not None]


def worst(found: list[Tensor], expected: list[Tensor]) -> float:
    """Return the largest relative distance of two arrays, some of which are empty."""
    distances = [
        (f.double() - e.double()).norm() / e.double().norm().clamp_min(1e-30)
        for f, e in zip(found, expected, strict=True)
    ]
    return float(torch.stack(distances).max())


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each program run two sequences."""
    monkeypatch.setattr(
        "ntm_agents.kernels.triton.gpu._sequences_per_program", lambda *given: 2
    )


@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_two_steps_equal_the_reference(config: NTMConfig) -> None:
    expected = run(make_ntm(config, "reference"), 1, 2)
    found = run(make_ntm(config, "triton"), 1, 2)

    assert worst(found, expected) < 1e-12


def test_a_gradient_penalty_equals_the_reference() -> None:
    found = []
    backends: list[Backend] = ["reference", "triton"]
    for backend in backends:
        ntm = make_ntm(TINY["lstm"], backend)
        inputs = torch.ones(1, 2, 3).to(ntm.initial_memory).requires_grad_()
        logits, _ = ntm(inputs)
        (slope,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
        (logits.square().sum() + slope.square().sum()).backward()
        found.append([p.grad.cpu() for p in ntm.parameters() if p.grad is not None])

    assert worst(found[1], found[0]) < 1e-12


def test_an_input_of_another_precision_is_refused() -> None:
    ntm = make_ntm(TINY["lstm"], "triton")

    with pytest.raises(ValueError, match=r"inputs must be torch\.float64, as the network is"):
        ntm(torch.zeros(1, 2, 3, device=DEVICE))


@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_the_entropy_and_its_gradient_equal_the_reference(config: NTMConfig) -> None:
    found = []
    backends: list[Backend] = ["reference", "triton"]
    for backend in backends:
        ntm = make_ntm(config, backend)
        inputs = torch.ones(2, 2, 3).to(ntm.initial_memory)
        logits, _, entropy = ntm(inputs, return_entropy=True)
        (logits.sin().sum() + 0.7 * entropy).backward()
        gradients = [p.grad.cpu() for p in ntm.parameters() if p.grad is not None]
        found.append([entropy.detach().cpu(), *gradients])

    assert worst(found[1], found[0]) < 1e-12


def test_an_episode_that_starts_in_mid_sequence_equals_the_reference() -> None:
    starts = torch.tensor([[False, True]])
    expected = run(make_ntm(TINY["feedforward"], "reference"), 1, 2, starts)
    found = run(make_ntm(TINY["feedforward"], "triton"), 1, 2, starts)

    assert worst(found, expected) < 1e-12


@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_without_gradients_the_answers_are_the_same(config: NTMConfig) -> None:
    inputs = torch.randn(1, 2, 3, dtype=torch.float64)

    with torch.no_grad():
        logits, state = make_ntm(config, "triton")(inputs.to(DEVICE))
        expected, expected_state = make_ntm(config, "reference")(inputs)

    found = [field.cpu() for field in (logits, *state)]
    assert worst(found, [expected, *expected_state]) < 1e-12
    assert not logits.requires_grad


def test_a_state_that_is_passed_in_is_not_changed() -> None:
    ntm = make_ntm(TINY["lstm"], "triton")
    inputs = torch.ones(1, 1, 3, dtype=torch.float64, device=DEVICE)
    state = NTMState(*(field.detach().clone() for field in ntm.initial_state(1)))
    kept = [field.clone() for field in state]

    ntm(inputs, state)

    for field, before in zip(state, kept, strict=True):
        assert torch.equal(field, before)


@pytest.mark.slow
@pytest.mark.parametrize("config", ODD.values(), ids=ODD)
def test_a_batch_that_does_not_fill_its_programs_equals_the_reference(
    config: NTMConfig, pairs: None
) -> None:
    expected = run(make_ntm(config, "reference"), 3, 3)
    found = run(make_ntm(config, "triton"), 3, 3)

    assert worst(found, expected) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("config", MANY.values(), ids=MANY)
def test_several_layers_heads_and_shifts_equal_the_reference(
    config: NTMConfig, pairs: None
) -> None:
    expected = run(make_ntm(config, "reference"), 2, 3)
    found = run(make_ntm(config, "triton"), 2, 3)

    assert worst(found, expected) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("controller", ["feedforward", "lstm"])
def test_episodes_that_start_at_any_step_equal_the_reference(
    controller: str, pairs: None
) -> None:
    starts = torch.tensor([[True, False, False, True, False], [False, False, True, True, True]])
    expected = run(make_ntm(ODD[controller], "reference"), 2, 5, starts)
    found = run(make_ntm(ODD[controller], "triton"), 2, 5, starts)

    assert worst(found, expected) < 1e-12


@pytest.mark.slow
def test_sixteen_heads_equal_the_reference() -> None:
    config = NTMConfig(3, 2, "lstm", 5, 1, 9, 7, 8, 8, 1, 2.0)
    expected = run(make_ntm(config, "reference"), 1, 1)
    found = run(make_ntm(config, "triton"), 1, 1)

    assert worst(found, expected) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("controller", ["feedforward", "lstm"])
def test_single_precision_is_near_double_precision(controller: str, pairs: None) -> None:
    expected = run(make_ntm(ODD[controller], "reference"), 2, 4)
    found = run(make_ntm(ODD[controller], "triton", torch.float32), 2, 4)

    assert worst(found, expected) < 1e-5


@pytest.mark.gpu
@pytest.mark.parametrize("heads", [1, 4, 8])
@pytest.mark.parametrize("controller", ["feedforward", "lstm"])
def test_on_a_device_the_papers_sizes_are_as_exact_as_the_reference(
    controller: Controller, heads: int
) -> None:
    config = NTMConfig(9, 8, controller, num_read_heads=heads, num_write_heads=heads)
    expected = run(make_untrained_ntm(config, "reference"), 64, 42)
    found = run(make_untrained_ntm(config, "triton", torch.float32), 64, 42)
    eager = run(make_untrained_ntm(config, "reference", torch.float32), 64, 42)

    rounding = worst(eager, expected)
    assert rounding < 1e-4
    assert worst(found, expected) < max(1e-5, 2 * rounding)


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from ntm_agents import NTMConfig
from ntm_agents.kernels.triton.backward import backward
from ntm_agents.kernels.triton.forward import forward
from ntm_agents.kernels.triton.gpu import count_warps
from ntm_agents.kernels.triton.tape import (
    BackwardArrays, ForwardArrays, Lengths, State, Tape, Weights, make_sizes
)

pointers = {"weights": Weights, "tape": Tape}
pointers |= dict.fromkeys(["initial", "gradient", "d_initial"], State)
kinds = {name: kind(*["*fp32"] * len(kind._fields)) for name, kind in pointers.items()}
kinds |= {"lengths": Lengths(*["i32"] * 3), "sizes": "constexpr"}
arrays = {"forward": ForwardArrays, "backward": BackwardArrays}
sizes = make_sizes(NTMConfig(9, 8, "lstm"), 1, True, True, True)
for kernel in (forward, backward):
    kind = arrays[kernel.__name__]
    own = kind(*["*u8" if name == "starts" else "*fp32" for name in kind._fields])
    signature = {name: kinds.get(name, own) for name in kernel.arg_names}
    options = {"num_warps": count_warps(sizes), "enable_fp_fusion": True}
    source = ASTSource(kernel, signature, {"sizes": sizes})
    print(len(triton.compile(source, GPUTarget("cuda", 90, 32), options).asm["cubin"]))
"""


@pytest.mark.slow
def test_kernels_compile_for_a_device_that_need_not_be_there(tmp_path: Path) -> None:
    environment = os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", COMPILE],
        capture_output=True,
        text=True,
        env=environment,
        encoding="utf-8",
    )

    assert found.returncode == 0, found.stderr[-2000:]
    assert all(int(size) > 10_000 for size in found.stdout.split())
