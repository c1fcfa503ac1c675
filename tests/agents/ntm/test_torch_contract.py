"""Torch's contract of a function and of a module, on every backend."""

from __future__ import annotations

import copy
import io
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.utils import parametrizations, parametrize

from ntm_agents import NTM, NTMConfig, NTMState
from ntm_agents.kernels import custom_operator
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.gradients import gradient_of
from ntm_baselines import GRU, LSTM, GRUConfig, LSTMConfig, Transformer, TransformerConfig

BACKENDS: list[Backend] = ["reference", "numba"]
CONFIGS = [
    NTMConfig(6, 3, "feedforward", 9, 2, 10, 5),
    NTMConfig(6, 3, "lstm", 9, 2, 10, 5, 2, 1),
]


def make(config: NTMConfig, backend: Backend = "auto") -> NTM:
    torch.manual_seed(0)
    return NTM(config, backend).double()


def inputs_of(steps: int = 4) -> Tensor:
    return torch.rand(
        2, steps, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )


def gradients(network: nn.Module) -> list[Tensor]:
    return [p.grad for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("config", CONFIGS)
def test_a_gradient_penalty_has_the_gradient_of_the_reference(config: NTMConfig) -> None:
    found = []
    for backend in BACKENDS:
        ntm, inputs = make(config, backend), inputs_of().requires_grad_()
        starts = torch.tensor([[False, False, True, False], [False] * 4])
        _, state = ntm(inputs)
        logits, final = ntm(inputs, state, starts)
        (slope,) = torch.autograd.grad(
            logits.sum() + final.memory.square().sum(), inputs, create_graph=True
        )
        (logits.square().mean() + 10 * slope.square().sum()).backward()
        found.append([inputs.grad, *gradients(ntm)])

    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-9)


def test_second_derivatives_of_the_entropy_equal_the_reference() -> None:
    found = []
    for backend in BACKENDS:
        ntm, inputs = make(CONFIGS[0], backend), inputs_of().requires_grad_()
        entropy = ntm(inputs, return_entropy=True)[2]
        (slope,) = torch.autograd.grad(entropy, inputs, create_graph=True)
        slope.square().sum().backward()
        found.append([inputs.grad, *gradients(ntm)])

    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-9)


def test_second_derivatives_agree_with_finite_differences() -> None:
    ntm = make(CONFIGS[0], "numba")
    assert torch.autograd.gradgradcheck(
        lambda inputs: ntm(inputs)[0], inputs_of(2).requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("what", ["inputs", "weight", "episode_starts"])
def test_what_backward_needs_may_not_be_changed_in_place(what: str, backend: Backend) -> None:
    ntm, inputs = make(CONFIGS[0], backend), inputs_of().requires_grad_() * 1
    starts = torch.zeros(2, 4, dtype=torch.bool)
    logits, _ = ntm(inputs, None, starts)
    with torch.no_grad():
        changed = {"inputs": inputs, "weight": ntm.head_layer.weight, "episode_starts": starts}
        changed[what].fill_(1)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        logits.sum().backward()


@pytest.mark.parametrize("backend", BACKENDS)
def test_changed_outputs_have_the_right_gradient(backend: Backend) -> None:
    found = []
    for factor in (1, 2):
        ntm = make(CONFIGS[1], backend)
        logits, _ = ntm(inputs_of())
        (logits.mul_(2) if factor == 2 else logits * 2).sum().backward()
        found.append(gradients(ntm))

    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("encoded", [False, True])
def test_autocast_computes_in_the_precision_of_the_parameters(
    encoded: bool, backend: Backend
) -> None:
    ntm, inputs = make(CONFIGS[1], backend).float(), inputs_of().float()
    given = inputs.bfloat16() if encoded else inputs
    with torch.autocast("cpu", torch.bfloat16):
        logits, state = ntm(given)
        logits, _ = ntm(given, NTMState(*(field.bfloat16() for field in state)))

    _, state = ntm(given.float())
    expected, _ = ntm(given.float(), NTMState(*(field.bfloat16().float() for field in state)))
    logits.sum().backward()
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize(
    "network",
    [
        LSTM(LSTMConfig(6, 3, 8, 2)),
        GRU(GRUConfig(6, 3, 8, 2)),
        Transformer(TransformerConfig(6, 3, 8, 2, 2, 5)),
    ],
    ids=lambda network: type(network).__name__,
)
def test_baselines_run_under_autocast(network: nn.Module) -> None:
    inputs = inputs_of().bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        logits, state = network(inputs)
        network(inputs, state)[0].sum().backward()

    torch.testing.assert_close(logits, network(inputs.float())[0])


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("config", CONFIGS)
def test_a_compiler_sees_one_operator_and_the_same_numbers(
    config: NTMConfig, dynamic: bool
) -> None:
    torch._dynamo.reset()
    found = []
    starts = torch.tensor([[False, False, True, False], [False] * 4])
    for compiled in (False, True):
        ntm, inputs = make(config), inputs_of().requires_grad_()
        run: Any = ntm
        if compiled:
            run = torch.compile(ntm, backend="aot_eager", fullgraph=True, dynamic=dynamic)
        first, state = run(inputs)
        second, final = run(inputs, state, starts)
        (first.square().sum() + second.sum() + final.memory.sum()).backward()
        found.append([first, second, *final, inputs.grad, *gradients(ntm)])

    torch.testing.assert_close(found[1], found[0])


def test_an_exported_network_takes_any_batch_and_any_length() -> None:
    ntm = make(CONFIGS[1])
    sizes = {0: torch.export.Dim("B"), 1: torch.export.Dim("T")}

    exported = torch.export.export(ntm, (inputs_of(),), dynamic_shapes=(sizes,))

    called = [node.target for node in exported.graph.nodes if node.op == "call_function"]
    assert torch.ops.ntm_agents.core.default in called
    longer = torch.cat([inputs_of(7)] * 3)
    torch.testing.assert_close(exported.module()(longer)[0], ntm(longer)[0])


@pytest.mark.parametrize("with_state", [False, True])
def test_the_operator_keeps_torchs_rules(with_state: bool) -> None:
    ntm, inputs = make(CONFIGS[1]), inputs_of()
    state = ntm(inputs)[1] if with_state else ()
    tensors = [inputs, *state, *ntm.weights().flat()]
    arguments = (
        "numba",
        custom_operator.sizes_of(ntm.config),
        with_state,
        3,
        True,
        None,
        [tensor.detach().clone().requires_grad_() for tensor in tensors],
    )

    found = torch.library.opcheck(
        torch.ops.ntm_agents.core.default,
        arguments,
        test_utils=("test_schema", "test_faketensor", "test_autograd_registration"),
    )
    assert set(found.values()) == {"SUCCESS"}


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_function_transforms_equal_autograd() -> None:
    ntm, inputs = make(CONFIGS[0]), inputs_of()
    parameters: dict[str, Tensor] = dict(ntm.named_parameters())

    def loss(parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        logits: Tensor = functional_call(ntm, parameters, (inputs,))[0]
        return logits.square().sum()

    by_transform = grad(loss)(parameters, inputs)
    loss(parameters, inputs).backward()
    for name, parameter in ntm.named_parameters():
        torch.testing.assert_close(by_transform[name], parameter.grad)
    mapped = vmap(lambda row: ntm(row[None])[0][0])(inputs)
    torch.testing.assert_close(mapped, ntm(inputs)[0])
    direction = torch.ones_like(inputs)
    slope = jvp(lambda x: ntm(x)[0], (inputs,), (direction,))[1]
    step = 1e-6
    numeric = (ntm(inputs + step * direction)[0] - ntm(inputs - step * direction)[0]) / (
        2 * step
    )
    torch.testing.assert_close(slope, numeric, rtol=1e-5, atol=1e-7)


def test_kernels_refuse_function_transforms_in_one_line() -> None:
    ntm = make(CONFIGS[0], "numba")

    with pytest.raises(
        ValueError, match=r"backend 'numba' cannot run this network: torch\.func"
    ):
        vmap(lambda row: ntm(row[None])[0])(inputs_of())


class Scaled(nn.Module):
    """A wrapper such as those of low-rank adaptation."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: Tensor) -> Tensor:
        return 2.0 * self.inner(inputs)  # type: ignore[no-any-return]


def doubled(layer: nn.Module) -> nn.Linear:
    """Return a linear layer that gives twice as much."""
    assert isinstance(layer, nn.Linear)
    other = copy.deepcopy(layer)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2)
    return other


LAYERS = [
    "input_layer",
    "head_layer",
    "output_layer",
    "controller_layers.0",
    "controller_layers.1",
]


def wrap(ntm: NTM, name: str) -> None:
    ntm.set_submodule(name, Scaled(ntm.get_submodule(name)))


def hook(ntm: NTM, name: str) -> None:
    ntm.get_submodule(name).register_forward_hook(lambda module, given, result: 2.0 * result)


def pre_hook(ntm: NTM, name: str) -> None:
    layer = ntm.get_submodule(name)
    bias = layer.bias
    if isinstance(bias, Tensor):
        layer.register_forward_hook(lambda module, given, result: result + bias)
    layer.register_forward_pre_hook(lambda module, given: (2.0 * given[0],))


def own_forward(ntm: NTM, name: str) -> None:
    layer = ntm.get_submodule(name)
    plain = layer.forward
    layer.forward = lambda given: 2.0 * plain(given)


class Twice(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2.0 * weight


def parametrized(ntm: NTM, name: str) -> None:
    layer = ntm.get_submodule(name)
    for parameter, _ in list(layer.named_parameters()):
        parametrize.register_parametrization(layer, parameter, Twice())


@pytest.mark.parametrize("change", [wrap, hook, pre_hook, own_forward, parametrized])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("config", CONFIGS)
def test_a_layer_that_gives_twice_as_much_does_so_inside_the_network(
    config: NTMConfig, name: str, change: Callable[[NTM, str], None]
) -> None:
    expected, found = make(config), make(config)
    expected.set_submodule(name, doubled(expected.get_submodule(name)))
    change(found, name)

    torch.testing.assert_close(found(inputs_of()), expected(inputs_of()))


@pytest.mark.parametrize("name", ["input_layer", "head_layer", "controller_layers.1"])
def test_a_layer_may_have_no_bias(name: str) -> None:
    expected, found = make(CONFIGS[1]), make(CONFIGS[1])
    layer = expected.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.bias)
    changed = found.get_submodule(name)
    changed.bias = None  # type: ignore[assignment]

    torch.testing.assert_close(found(inputs_of()), expected(inputs_of()))


def test_a_kernel_refuses_a_layer_that_it_cannot_read() -> None:
    ntm = make(CONFIGS[0], "numba")
    hook(ntm, "head_layer")

    with pytest.raises(ValueError, match="cannot run this network: head_layer has hooks"):
        ntm(inputs_of())


def test_a_layer_of_another_size_is_refused_and_not_broadcast() -> None:
    ntm = make(CONFIGS[0])
    ntm.head_layer = nn.Sequential(nn.Linear(9, 1)).double()  # type: ignore[assignment]

    with pytest.raises(ValueError, match=r"what head_layer returns must have shape"):
        ntm(inputs_of())


def test_hooks_on_all_modules_are_called() -> None:
    seen: list[nn.Module] = []
    ntm = make(CONFIGS[0])
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, given, result: seen.append(module)
    )
    try:
        ntm(inputs_of())
    finally:
        handle.remove()

    assert {ntm.input_layer, ntm.head_layer, ntm.output_layer, *ntm.controller_layers} <= set(
        seen
    )


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_trainers_shortcut_is_not_taken_around_tied_and_frozen_parameters(
    wrapped: bool,
) -> None:
    ntm = make(CONFIGS[0])
    plain = gradient_of(ntm, FlatParameters(ntm))
    if wrapped:
        wrap(ntm, "head_layer")
    else:
        ntm.head_layer.bias.requires_grad_(False)
    other = gradient_of(ntm, FlatParameters(ntm))

    assert type(plain).__name__ == "NumbaGradient"
    assert type(other).__name__ != "NumbaGradient"


def test_spectral_norm_changes_at_every_call() -> None:
    found = []
    for backend in BACKENDS:
        ntm = make(CONFIGS[0], backend)
        parametrizations.spectral_norm(ntm.head_layer)
        found.append([ntm(inputs_of())[0], ntm(inputs_of())[0]])

    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("size", [5, 10, 25])
def test_another_memory_size_keeps_everything_else(size: int) -> None:
    ntm = make(CONFIGS[1], "reference").eval()
    ntm.output_layer = nn.Sequential(nn.Linear(19, 4), nn.Tanh()).double()  # type: ignore[assignment]
    ntm.head_layer.weight.requires_grad_(False)
    ntm.initial_memory.requires_grad_(False)
    seen: list[int] = []
    ntm.register_forward_hook(lambda module, given, result: seen.append(1))
    ntm.head_layer.weight.grad = torch.ones_like(ntm.head_layer.weight)

    other = ntm.with_memory_size(size)

    assert other.config.memory_size == size
    assert (other.backend, other.training) == ("reference", False)
    assert not other.head_layer.weight.requires_grad
    assert not other.initial_memory.requires_grad
    assert other.initial_weighting_logits.requires_grad
    assert other.head_layer.weight.grad is None
    assert ntm.initial_memory.shape == (10, 5)
    logits, state = other(inputs_of())
    assert logits.shape == (2, 4, 4)
    assert state.memory.shape == (2, size, 5)
    assert seen == [1]
    if size == 10:
        torch.testing.assert_close(logits, ntm(inputs_of())[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_copies_and_pickles_give_the_same_answers(backend: Backend) -> None:
    ntm = make(CONFIGS[1], backend)
    expected = ntm(inputs_of())[0]
    saved = io.BytesIO()
    torch.save(ntm, saved)
    saved.seek(0)
    for other in (
        copy.deepcopy(ntm),
        pickle.loads(pickle.dumps(ntm)),
        torch.load(saved, weights_only=False),
        nn.DataParallel(ntm),
    ):
        torch.testing.assert_close(other(inputs_of())[0], expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_inference_mode_behaves_as_for_nn_lstm(backend: Backend) -> None:
    ntm, lstm = make(CONFIGS[1], backend), nn.LSTM(6, 3, batch_first=True).double()
    expected = ntm(inputs_of())[0]
    for network in (ntm, lstm):
        with torch.inference_mode():
            logits, state = network(inputs_of())
            network(inputs_of(), state)
        assert logits.is_inference()
        assert (logits.clone() + 1).isfinite().all()
        with torch.no_grad():
            network(inputs_of(), state)
        with pytest.raises(
            RuntimeError, match="Inference tensors cannot be saved for backward"
        ):
            network(inputs_of(), state)
        if network is ntm:
            torch.testing.assert_close(logits.clone(), expected.detach())


WORKER = """
import sys, torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from ntm_agents import NTM, NTMConfig
rank, port = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
def make():
    torch.manual_seed(0)
    return NTM(NTMConfig(6, 3, "lstm", 9, 2, 10, 5)).double()
inputs = torch.rand(4, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
alone, shared = make(), DistributedDataParallel(make())
logits, state = shared(inputs[2 * rank : 2 * rank + 2])
logits.square().mean().backward()
alone(inputs)[0].square().mean().backward()
for (name, found), (_, expected) in zip(
    shared.module.named_parameters(), alone.named_parameters(), strict=True
):
    torch.testing.assert_close(found.grad, expected.grad, msg=name)
dist.barrier()
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_train_as_one_does() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(rank), port],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0], errors
