"""The entropy of the weightings is an output, and differentiable like the others."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from ntm_agents import NTM, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.kernels.reference import core_step
from ntm_agents.ntm.config import Controller
from ntm_agents.ntm.entropy import entropy_of
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.contract import initial_network
from ntm_agents.training.learner import Learner
from ntm_agents.training.random_state import seeded
from ntm_agents.training.sampling import Batch, to_batch
from ntm_gym.tasks.keyed_random import derive_keys

PENALTY = 0.7
BACKENDS: list[Backend] = ["reference", "numba"]
CONTROLLERS: list[Controller] = ["feedforward", "lstm"]


def make_ntm(controller: Controller, backend: Backend) -> NTM:
    torch.manual_seed(0)
    config = NTMConfig(3, 2, controller, 5, 2, 9, 7, 3, 2, 1, 2.0)
    return NTM(config, backend).double()


def gradients(ntm: NTM, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(ntm.parameters())))


def penalized(ntm: NTM, inputs: Tensor, starts: Tensor | None = None) -> list[Tensor]:
    """Return outputs, entropy, and the gradients of a loss with a penalty on it."""
    logits, _, entropy = ntm(inputs, episode_starts=starts, return_entropy=True)
    found = gradients(ntm, logits.sin().sum() + PENALTY * entropy)
    return [logits.detach(), entropy.detach(), *found]


def test_a_head_at_one_location_has_no_entropy_and_an_even_one_has_most() -> None:
    assert float(entropy_of(torch.tensor([0.0, 1.0, 0.0]))) == pytest.approx(0, abs=1e-14)
    even = torch.full((2, 128), 1 / 128, dtype=torch.float64)
    torch.testing.assert_close(entropy_of(even), torch.full((2,), math.log(128)).double())


def test_the_gradient_is_finite_where_a_weight_is_zero_and_that_of_the_entropy() -> None:
    weighting = torch.tensor([0.0, 0.25, 0.75], dtype=torch.float64).requires_grad_()

    (slope,) = torch.autograd.grad(entropy_of(weighting), weighting)

    assert bool(slope.isfinite().all())
    torch.testing.assert_close(slope[1:], -weighting.detach()[1:].log() - 1)
    assert torch.autograd.gradcheck(entropy_of, weighting.detach()[1:].requires_grad_())


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_the_entropy_is_that_of_all_weightings(controller: Controller) -> None:
    ntm, inputs = make_ntm(controller, "reference"), torch.randn(2, 6, 3, dtype=torch.float64)
    state, logits, loss = ntm.initial_state(2), [], torch.zeros((), dtype=torch.float64)
    for projected in ntm.input_layer(inputs).unbind(1):
        step = core_step(projected, ntm.core_weights(), state, ntm.config)
        state = step.state
        logits.append(ntm.output_layer(step.features))
        w = state.weightings
        loss = loss - (w * w.log()).sum()
    answers = torch.stack(logits, dim=1)
    expected = [answers, loss, *gradients(ntm, PENALTY * loss + answers.sin().sum())]

    found = penalized(ntm, inputs)

    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("with_starts", [False, True])
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_numba_returns_the_entropy_of_the_reference(
    controller: Controller, with_starts: bool
) -> None:
    inputs = torch.randn(5, 11, 3, dtype=torch.float64)
    starts = torch.rand(5, 11) < 0.3 if with_starts else None
    expected = penalized(make_ntm(controller, "reference"), inputs, starts)
    found = penalized(make_ntm(controller, "numba"), inputs, starts)

    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_entropy_is_the_same_without_gradients_and_in_parts(backend: Backend) -> None:
    ntm, inputs = make_ntm("lstm", backend), torch.randn(2, 6, 3, dtype=torch.float64)
    _, _, expected = ntm(inputs, return_entropy=True)

    with torch.no_grad():
        _, state, first = ntm(inputs[:, :2], return_entropy=True)
        _, _, second = ntm(inputs[:, 2:], state, return_entropy=True)

    torch.testing.assert_close(first + second, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_entropy_that_is_not_asked_for_changes_nothing(backend: Backend) -> None:
    ntm, inputs = make_ntm("lstm", backend), torch.randn(1, 4, 3, dtype=torch.float64)
    logits, _ = ntm(inputs)
    expected = [logits.detach(), *gradients(ntm, logits.sin().sum())]

    logits, _, _ = ntm(inputs, return_entropy=True)

    assert torch.equal(logits, expected[0])
    for ours, theirs in zip(gradients(ntm, logits.sin().sum()), expected[1:], strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layers_that_must_be_called_leave_the_entropy_as_it_is(backend: Backend) -> None:
    ntm, inputs = make_ntm("lstm", "auto"), torch.randn(2, 4, 3, dtype=torch.float64)
    expected = penalized(ntm, inputs)
    ntm.backend = "auto" if backend == "numba" else backend
    ntm.head_layer.register_forward_hook(lambda *given: None)

    for ours, theirs in zip(penalized(ntm, inputs), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_sequence_is_charged_the_same_in_batches_of_any_size() -> None:
    one = TrainingConfig(task_parameters={"max_length": 3}, max_gradient_norm=None)
    episode = one.make_task().sample(derive_keys(0, 0, 0, 1))
    batch = to_batch(episode, torch.device("cpu"))
    found = []
    for config in (one, dataclasses.replace(one, batch_size=4)):
        with seeded(1, torch.device("cpu")):
            network = initial_network(config)
        repeated = Batch(*(field.repeat(config.batch_size, 1, 1) for field in batch))
        Learner(network, config, cuda_graph=False).update(repeated, 0.0, entropy_penalty=0.1)
        found.append([parameter.grad for parameter in network.parameters()])

    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)
