"""NaN and infinity come out of the kernels wherever they come out of the reference."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

pytest.importorskip("numba")
from ntm_agents import NTM, NTMConfig, NTMState
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.kernels.numba.training import clip_norm, cross_entropy, graves_update
from ntm_agents.ntm.config import Controller
from ntm_agents.training.losses import nats_per_sequence
from ntm_agents.training.sampling import Batch

CONTROLLERS: list[Controller] = ["feedforward", "lstm"]
DTYPES = [torch.float32, torch.float64]
BATCH_SIZE, STEPS, BROKEN = 6, 7, 4
NAN, INF = float("nan"), float("inf")

Break = Callable[[NTM, Tensor, NTMState], None]


def config_of(controller: Controller, heads: tuple[int, int], layers: int = 1) -> NTMConfig:
    return NTMConfig(3, 2, controller, 5, layers, 9, 4, *heads, initial_focus=2.0)


def run(
    config: NTMConfig, backend: Backend, dtype: torch.dtype, with_state: bool, spoil: Break
) -> dict[str, Tensor]:
    """Return outputs, the final state and all gradients, with something spoiled before."""
    torch.manual_seed(0)
    network = NTM(config, backend).to(dtype)
    inputs = torch.randn(BATCH_SIZE, STEPS, config.input_size).to(dtype)
    state = NTMState(*(field.detach().clone() for field in network.initial_state(BATCH_SIZE)))
    with torch.no_grad():
        spoil(network, inputs, state)
    given = [inputs, *state] if with_state else [inputs]
    for tensor in given:
        tensor.requires_grad_()
    logits, final = network(inputs, state if with_state else None)
    weights = torch.linspace(0.1, 1.0, logits[0].numel(), dtype=dtype).view(logits.shape[1:])
    total = (logits * weights).sum()
    for field in final:
        total = total + field.sum()
    total.backward()
    found = {"logits": logits, **final._asdict()}
    found |= {f"gradient of argument {k}": tensor.grad for k, tensor in enumerate(given)}
    found |= {f"gradient of parameter {n}": p.grad for n, p in network.named_parameters()}
    return {
        name: tensor.detach()
        for name, tensor in found.items()
        if tensor is not None and tensor.numel() > 0
    }


def assert_no_nan_is_lost(
    config: NTMConfig, dtype: torch.dtype, with_state: bool, spoil: Break
) -> None:
    """Compare what is not finite with the reference; NaN where that has NaN, and no less."""
    expected = run(config, "reference", dtype, with_state, spoil)
    found = run(config, "numba", dtype, with_state, spoil)
    assert any(not tensor.isfinite().all() for tensor in expected.values())
    for name, tensor in expected.items():
        lost = ~tensor.isfinite() & found[name].isfinite()
        assert not lost.any(), f"{name} is finite at {lost.nonzero().tolist()}"
        if len(tensor) == BATCH_SIZE and not name.startswith("gradient of parameter"):
            others = [b for b in range(BATCH_SIZE) if tensor[b].isfinite().all()]
            assert found[name][others].isfinite().all(), f"{name} spread to other sequences"


def spoil_input(value: float, step: int) -> Break:
    def spoil(network: NTM, inputs: Tensor, state: NTMState) -> None:
        inputs[BROKEN, step, 1] = value

    return spoil


def spoil_parameter(name: str, place: int) -> Break:
    def spoil(network: NTM, inputs: Tensor, state: NTMState) -> None:
        parameter = dict(network.named_parameters())[name]
        parameter.view(-1)[place % parameter.numel()] = NAN

    return spoil


def spoil_state(field: int, place: int, value: float) -> Break:
    def spoil(network: NTM, inputs: Tensor, state: NTMState) -> None:
        row = state[field][BROKEN].view(-1)
        row[place % row.numel()] = value

    return spoil


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("heads", [(1, 1), (2, 3)])
def test_nan_and_inf_in_inputs_are_kept(
    controller: Controller, heads: tuple[int, int], dtype: torch.dtype
) -> None:
    config = config_of(controller, heads)
    for step, value in itertools.product((0, 3, STEPS - 1), (NAN, INF, -INF)):
        assert_no_nan_is_lost(config, dtype, step == 3, spoil_input(value, step))


PARAMETERS = [
    (controller, name)
    for controller in CONTROLLERS
    for name, _ in NTM(config_of(controller, (2, 1), 2)).named_parameters()
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("controller", "name"), PARAMETERS)
def test_nan_in_any_parameter_is_kept(
    controller: Controller, name: str, dtype: torch.dtype
) -> None:
    config = config_of(controller, (2, 1), 2)
    for place in (0, 3, 5, 6, 7, 10, 11, 17, 26, 30, 1_000_003):
        assert_no_nan_is_lost(config, dtype, False, spoil_parameter(name, place))


FIELDS = [(c, k) for c in CONTROLLERS for k in range(4) if (c, k) != ("feedforward", 3)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("controller", "field"), FIELDS)
def test_nan_and_inf_in_any_field_of_a_state_are_kept(
    controller: Controller, field: int, dtype: torch.dtype
) -> None:
    config = config_of(controller, (2, 1), 2)
    values = (NAN, INF, -INF, -1.0) if field == 1 else (NAN,) if field > 1 else (NAN, INF)
    for place, value in itertools.product((0, 5, 17, 1_000_003), values):
        assert_no_nan_is_lost(config, dtype, True, spoil_state(field, place, value))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_weightings_far_above_one_are_sharpened_as_in_the_reference(
    controller: Controller, dtype: torch.dtype
) -> None:
    spoil = spoil_state(1, 2, 1e30)
    config = config_of(controller, (1, 1))

    expected = run(config, "reference", dtype, True, spoil)
    found = run(config, "numba", dtype, True, spoil)

    torch.testing.assert_close(found["weightings"], expected["weightings"])
    torch.testing.assert_close(found["logits"], expected["logits"])


def batch_of(dtype: torch.dtype) -> Batch:
    targets = torch.randint(2, (2, 3, 4)).to(dtype)
    scored = torch.tensor([[0, 1, 1], [0, 0, 1]], dtype=dtype)[..., None]
    return Batch(torch.zeros(2, 3, 5, dtype=dtype), targets, scored)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("place", [(0, 1, 2), (1, 1, 2)], ids=["target_mask", "not scored"])
def test_the_loss_of_a_logit_that_is_not_finite_is_not_finite(
    place: tuple[int, int, int], value: float, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    batch = batch_of(dtype)
    batch.targets[place] = float(value < 0)
    logits = torch.randn(2, 3, 4, dtype=dtype)
    logits[place] = value
    logits.requires_grad_()
    expected = nats_per_sequence(logits, batch)
    expected.backward()
    found = torch.zeros_like(logits)

    nats = cross_entropy(
        logits.detach().numpy(), batch.targets.numpy(), batch.target_mask.numpy(), found.numpy()
    )

    assert not expected.isfinite()
    assert not np.isfinite(nats)
    assert logits.grad is not None
    assert found.isnan().tolist() == logits.grad.isnan().tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_gradient_that_is_not_finite_is_clipped_as_by_torch(
    value: float, dtype: torch.dtype
) -> None:
    gradient = torch.tensor([3.0, value, 4.0], dtype=dtype)
    parameter = torch.zeros_like(gradient).requires_grad_()
    parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(parameter, 1.0)

    norm = clip_norm(gradient.numpy(), 1.0)

    assert not np.isfinite(norm)
    torch.testing.assert_close(gradient, parameter.grad, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("vector", range(5))
def test_an_update_keeps_what_is_not_finite(
    vector: int, value: float, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    vectors = torch.rand(5, 6, dtype=dtype)
    squares, others = 2, [0, 1, 3, 4, 5]
    vectors[squares] += 4
    vectors[vector, 2] = value

    parameters, gradient, square, mean, update = vectors.numpy()
    graves_update(parameters, gradient, (square, mean, update), (1e-3, 0.95, 0.9, 1e-4))

    assert not vectors[:, 2].isfinite().all()
    assert vectors[:, others].isfinite().all()
