"""A charge on blur changes gradients, by what the formula says, and nothing else."""

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
from ntm_agents.ntm.entropy import blur, charge_blur
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.contract import initial_network
from ntm_agents.training.learner import Learner
from ntm_agents.training.random_state import seeded
from ntm_agents.training.sampling import Batch, to_batch
from ntm_gym.tasks.keyed_random import derive_keys

PENALTY = 0.7
CONTROLLERS: list[Controller] = ["feedforward", "lstm"]


def make_ntm(controller: Controller, backend: Backend) -> NTM:
    torch.manual_seed(0)
    config = NTMConfig(3, 2, controller, 5, 2, 9, 7, 3, 2, 1, 2.0)
    return NTM(config, backend).double()


def gradients(ntm: NTM, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(ntm.parameters())))


def charged(ntm: NTM, inputs: Tensor, starts: Tensor | None = None) -> list[Tensor]:
    """Return outputs and gradients under the charge."""
    ntm.blur_penalty = PENALTY
    logits, _ = ntm(inputs, episode_starts=starts)
    return [logits.detach(), *gradients(ntm, logits.sin().sum())]


def test_a_head_at_one_location_has_no_blur_and_an_even_one_has_most() -> None:
    assert blur(torch.tensor([0.0, 1.0, 0.0])) == 0
    even = torch.full((2, 128), 1 / 128, dtype=torch.float64)
    torch.testing.assert_close(blur(even), torch.full((2,), math.log(128)).double())


def test_the_charge_is_the_gradient_of_the_blur() -> None:
    weighting = torch.rand(2, 3, 5, dtype=torch.float64).requires_grad_()
    factors = torch.rand(2, 3, 5, dtype=torch.float64)
    (found,) = torch.autograd.grad((charge_blur(weighting, 0.3) * factors).sum(), weighting)
    (expected,) = torch.autograd.grad(
        (weighting * factors).sum() + 0.3 * blur(weighting).sum(), weighting
    )

    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_gradients_are_those_of_a_loss_with_the_blur_of_all_weightings(
    controller: Controller,
) -> None:
    ntm, inputs = make_ntm(controller, "reference"), torch.randn(2, 6, 3, dtype=torch.float64)
    state, logits, loss = ntm.initial_state(2), [], torch.zeros((), dtype=torch.float64)
    for projected in ntm.input_layer(inputs).unbind(1):
        step = core_step(projected, ntm.core_weights(), state, ntm.config)
        state = step.state
        logits.append(ntm.output_layer(step.features))
        loss = loss + PENALTY * blur(state.weightings).sum()
    answers = torch.stack(logits, dim=1)
    expected = [answers, *gradients(ntm, loss + answers.sin().sum())]

    found = charged(ntm, inputs)

    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("with_starts", [False, True])
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_numba_charges_what_the_reference_charges(
    controller: Controller, with_starts: bool
) -> None:
    inputs = torch.randn(5, 11, 3, dtype=torch.float64)
    starts = torch.rand(5, 11) < 0.3 if with_starts else None
    expected = charged(make_ntm(controller, "reference"), inputs, starts)
    found = charged(make_ntm(controller, "numba"), inputs, starts)

    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_without_a_penalty_nothing_is_charged() -> None:
    ntm, inputs = make_ntm("lstm", "numba"), torch.randn(1, 4, 3, dtype=torch.float64)
    logits, _ = ntm(inputs)
    expected = [logits.detach(), *gradients(ntm, logits.sin().sum())]

    found = charged(ntm, inputs)

    assert torch.equal(found[0], expected[0])
    assert any(not torch.equal(f, e) for f, e in zip(found[1:], expected[1:], strict=True))


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
