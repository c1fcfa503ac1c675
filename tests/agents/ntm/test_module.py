"""The whole network: against a numpy network, and what any recurrent module must satisfy."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents import NTM, NTMConfig, NTMState, trace

SMALL = NTMConfig(
    input_size=3,
    output_size=2,
    controller_size=6,
    memory_size=7,
    word_size=4,
    num_read_heads=2,
    num_write_heads=3,
    max_shift=2,
    initial_focus=2.0,
)
CONFIGS = [
    pytest.param(
        dataclasses.replace(SMALL, controller=controller, controller_layers=layers),
        id=f"{controller}-{layers}",
    )
    for controller in ("feedforward", "lstm")
    for layers in (1, 2)
]


def make_ntm(config: NTMConfig, seed: int = 0) -> NTM:
    """Return a network in double precision whose every parameter is drawn at random."""
    torch.manual_seed(seed)
    ntm = NTM(config, backend="reference").double()
    with torch.no_grad():
        for parameter in ntm.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return ntm


def random_inputs(batch_size: int, steps: int, seed: int = 0) -> Tensor:
    shape = (batch_size, steps, SMALL.input_size)
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum())


class NumpyNTM:
    """One sequence, one head and one location at a time, in the order of the paper."""

    def __init__(self, ntm: NTM) -> None:
        self.config = ntm.config
        self.weights = {name: value.numpy() for name, value in ntm.state_dict().items()}
        logits = self.weights["initial_weighting_logits"]
        self.weightings = [softmax(row) for row in logits]
        self.memory = self.weights["initial_memory"].copy()
        self.reads = self.weights["initial_read_vectors"].copy()
        self.controller_state = ntm.initial_controller.detach().numpy().copy()

    def controller(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = self.reads.reshape(-1)
        for layer in range(self.config.controller_layers):
            weight = self.weights[f"controller_layers.{layer}.weight"]
            if layer == 0:
                offset = (
                    self.weights["input_layer.weight"] @ x + self.weights["input_layer.bias"]
                )
            else:
                offset = self.weights[f"controller_layers.{layer}.bias"]
            if self.config.controller == "feedforward":
                seen = np.tanh(offset + weight @ seen)
            else:
                hiddens, cells = self.controller_state
                gates = offset + weight @ np.concatenate([seen, hiddens[layer]])
                i, f, g, o = np.split(gates, 4)
                cells[layer] = sigmoid(f) * cells[layer] + sigmoid(i) * np.tanh(g)
                hiddens[layer] = sigmoid(o) * np.tanh(cells[layer])
                seen = hiddens[layer]
        return np.asarray(seen)

    def address(self, raw: NDArray[np.float64], last: NDArray[np.float64]) -> Any:
        m, locations = self.config.word_size, self.config.memory_size
        key, strength, gate = np.tanh(raw[:m]), np.log1p(np.exp(raw[m])), sigmoid(raw[m + 1])
        shifts, sharpening = softmax(raw[m + 2 : -1]), 1 + np.log1p(np.exp(raw[-1]))
        similarity = np.array(
            [key @ v / (np.linalg.norm(key) * np.linalg.norm(v)) for v in self.memory]
        )
        gated = gate * softmax(strength * similarity) + (1 - gate) * last
        rotated = np.zeros(locations)
        for i in range(locations):
            for j, weight in enumerate(shifts, start=-self.config.max_shift):
                rotated[i] += gated[(i - j) % locations] * weight
        return rotated**sharpening / (rotated**sharpening).sum()

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        config, m = self.config, self.config.word_size
        output = self.controller(x)
        raw = self.weights["head_layer.weight"] @ output + self.weights["head_layer.bias"]
        size, reads = config.addressing_size, config.num_read_heads
        writing = raw[reads * size :].reshape(config.num_write_heads, -1)
        for h, row in enumerate(writing):
            self.weightings[reads + h] = self.address(row[:size], self.weightings[reads + h])
        written = self.weightings[reads:]
        for weighting, row in zip(written, writing, strict=True):
            self.memory = self.memory * (1 - np.outer(weighting, sigmoid(row[size : size + m])))
        for weighting, row in zip(written, writing, strict=True):
            self.memory = self.memory + np.outer(weighting, np.tanh(row[size + m :]))
        for h, row in enumerate(raw[: reads * size].reshape(reads, -1)):
            self.weightings[h] = self.address(row, self.weightings[h])
            self.reads[h] = self.weightings[h] @ self.memory
        features = np.concatenate([output, self.reads.reshape(-1)])
        bias = self.weights["output_layer.bias"]
        return np.asarray(self.weights["output_layer.weight"] @ features + bias)


@pytest.mark.parametrize("config", CONFIGS)
def test_network_equals_a_numpy_network_that_follows_the_paper(config: NTMConfig) -> None:
    ntm, inputs = make_ntm(config), random_inputs(2, 5)

    logits, state = ntm(inputs)

    for b in range(2):
        numpy_ntm = NumpyNTM(ntm)
        expected = np.array([numpy_ntm.step(x) for x in inputs[b].numpy()])
        np.testing.assert_allclose(logits[b].detach(), expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(
            state.memory[b].detach(), numpy_ntm.memory, rtol=1e-6, atol=1e-9
        )


@pytest.mark.parametrize("config", CONFIGS)
def test_one_run_equals_two_halves_with_the_state_carried_over(config: NTMConfig) -> None:
    ntm, inputs = make_ntm(config), random_inputs(2, 6)

    whole, final = ntm(inputs)
    first, state = ntm(inputs[:, :2])
    second, carried = ntm(inputs[:, 2:], state)

    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(carried, final)


@pytest.mark.parametrize("config", CONFIGS)
def test_step_by_step_equals_one_run(config: NTMConfig) -> None:
    ntm, inputs = make_ntm(config), random_inputs(2, 4)
    state, logits = None, []
    for t in range(4):
        stepped, state = ntm.step(inputs[:, t], state)
        logits.append(stepped)

    torch.testing.assert_close(torch.stack(logits, dim=1), ntm(inputs)[0])


@pytest.mark.parametrize("config", CONFIGS)
def test_a_batch_equals_its_sequences_one_by_one(config: NTMConfig) -> None:
    ntm, inputs = make_ntm(config), random_inputs(3, 4)

    one_by_one = torch.cat([ntm(row.unsqueeze(0))[0] for row in inputs])

    torch.testing.assert_close(ntm(inputs)[0], one_by_one)


@pytest.mark.parametrize("config", CONFIGS)
def test_an_episode_start_goes_back_to_the_learned_start(config: NTMConfig) -> None:
    ntm, inputs = make_ntm(config), random_inputs(2, 6)
    episode_starts = torch.zeros(2, 6, dtype=torch.bool)
    episode_starts[0, 3] = True

    logits, _ = ntm(inputs, episode_starts=episode_starts)

    fresh, _ = ntm(inputs[:, 3:])
    continued, _ = ntm(inputs)
    torch.testing.assert_close(logits[0, 3:], fresh[0])
    torch.testing.assert_close(logits[1], continued[1])


@pytest.mark.parametrize("config", CONFIGS)
def test_gradients_of_all_parameters_and_inputs_agree_with_finite_differences(
    config: NTMConfig,
) -> None:
    ntm, inputs = make_ntm(config), random_inputs(1, 3).requires_grad_()
    episode_starts = torch.tensor([[False, False, True]])
    names = [name for name, _ in ntm.named_parameters()]

    def run(inputs: Tensor, *values: Tensor) -> tuple[Tensor, Tensor]:
        parameters = dict(zip(names, values, strict=True))
        logits, state = torch.func.functional_call(
            ntm, parameters, (inputs,), {"episode_starts": episode_starts}
        )
        return logits, state.memory

    values = [ntm.get_parameter(name) for name in names]
    assert torch.autograd.gradcheck(run, (inputs, *values), fast_mode=True)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_parameter_receives_a_gradient(config: NTMConfig) -> None:
    ntm = make_ntm(config)

    ntm(random_inputs(2, 3))[0].square().sum().backward()

    for name, parameter in ntm.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_the_learned_start_is_focused_as_configured() -> None:
    ntm = NTM(NTMConfig(2, 2, memory_size=4, initial_focus=float(np.log(3))))

    state = ntm.initial_state(5)

    assert state.weightings.shape == (5, 2, 4)
    np.testing.assert_allclose(
        state.weightings[4, 1].detach(), [1 / 2, 1 / 6, 1 / 6, 1 / 6], rtol=1e-6
    )


def test_the_state_stays_finite_over_a_thousand_blank_steps() -> None:
    torch.manual_seed(0)
    ntm = NTM(dataclasses.replace(SMALL, controller="lstm"))

    with torch.no_grad():
        logits, state = ntm(torch.zeros(1, 1000, SMALL.input_size))

    assert logits.isfinite().all()
    assert state.memory.isfinite().all()


def test_a_memory_of_the_same_size_changes_nothing() -> None:
    ntm, inputs = make_ntm(SMALL), random_inputs(2, 3)

    assert torch.equal(ntm.with_memory_size(SMALL.memory_size)(inputs)[0], ntm(inputs)[0])


def test_trace_shows_the_run_that_forward_makes() -> None:
    ntm, inputs = make_ntm(SMALL), random_inputs(2, 5)

    run = trace(ntm, inputs)

    logits, state = ntm(inputs)
    torch.testing.assert_close(run.logits, logits)
    torch.testing.assert_close(run.memory[:, -1], state.memory)
    weightings = torch.cat([run.read_weightings, run.write_weightings], dim=2)
    torch.testing.assert_close(weightings[:, -1], state.weightings)
    torch.testing.assert_close(run.read_vectors, run.read_weightings @ run.memory)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory_size": 0}, "memory_size must be a positive integer, not 0"),
        ({"num_read_heads": 1.5}, "num_read_heads must be a positive integer, not 1.5"),
        ({"controller": "gru"}, "controller must be 'feedforward' or 'lstm', not 'gru'"),
        ({"max_shift": 4}, "max_shift 4 needs at least 9 memory locations"),
    ],
)
def test_impossible_sizes_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **changes)


def test_inputs_of_another_shape_are_refused() -> None:
    ntm = NTM(SMALL)

    with pytest.raises(ValueError, match=r"inputs must have shape \(B, T, 3\), not \(2, 5\)"):
        ntm(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"the state holds 1 sequences, inputs 2"):
        ntm(torch.zeros(2, 5, 3), ntm.initial_state(1))
    with pytest.raises(ValueError, match=r"episode_starts must have shape \(2, 5\)"):
        ntm(torch.zeros(2, 5, 3), episode_starts=torch.zeros(2, 4, dtype=torch.bool))


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(ValueError, match=r"backend must be one of .* not 'fortran'"):
        NTM(SMALL, backend="fortran")  # type: ignore[arg-type]


def test_state_is_a_plain_tuple_that_the_module_does_not_keep() -> None:
    ntm, inputs = make_ntm(SMALL), random_inputs(1, 3)

    first, state = ntm(inputs)
    again, _ = ntm(inputs)

    assert isinstance(state, NTMState)
    assert torch.equal(first, again)
