"""The LSTM baseline: its published sizes, and a step-by-step reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ntm_baselines import LSTM, LSTMConfig


@pytest.mark.parametrize(
    ("config", "published"),
    [
        pytest.param(LSTMConfig(10, 9, 256, 3), 1_352_969, id="copy"),
        pytest.param(LSTMConfig(8, 7, 512, 3), 5_312_007, id="repeat-copy"),
        pytest.param(LSTMConfig(8, 6, 256, 3), 1_344_518, id="associative-recall"),
        pytest.param(LSTMConfig(1, 1, 128, 3), 331_905, id="ngram"),
        pytest.param(LSTMConfig(10, 8, 128, 3), 348_424, id="priority-sort-384424-in-print"),
    ],
)
def test_parameter_counts_are_those_of_table_3(config: LSTMConfig, published: int) -> None:
    assert sum(parameter.numel() for parameter in LSTM(config).parameters()) == published


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)))


def numpy_lstm(lstm: LSTM, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Run one sequence, shape ``(T, I)``, one step and one layer at a time."""
    weights = {name: value.numpy() for name, value in lstm.state_dict().items()}
    hidden, cell = weights["initial_hidden"].copy(), weights["initial_cell"].copy()
    logits = []
    for x in inputs:
        below: NDArray[np.float64] = np.empty(0)
        for layer in range(lstm.config.num_layers):
            gates = (
                weights[f"input_weights.{layer}"] @ np.concatenate([x, below])
                + weights[f"hidden_weights.{layer}"] @ hidden[layer]
                + weights[f"biases.{layer}"]
            )
            i, f, g, o = np.split(gates, 4)
            cell[layer] = sigmoid(f) * cell[layer] + sigmoid(i) * np.tanh(g)
            hidden[layer] = sigmoid(o) * np.tanh(cell[layer])
            below = hidden[layer]
        logits.append(
            weights["output_layer.weight"] @ hidden.reshape(-1) + weights["output_layer.bias"]
        )
    return np.array(logits)


@pytest.fixture
def lstm() -> LSTM:
    torch.manual_seed(0)
    lstm = LSTM(LSTMConfig(3, 2, hidden_size=5, num_layers=3)).double()
    with torch.no_grad():
        lstm.initial_hidden.normal_()
        lstm.initial_cell.normal_()
    return lstm


def test_network_equals_a_numpy_network(lstm: LSTM) -> None:
    inputs = torch.randn(2, 6, 3, dtype=torch.float64)

    logits, _ = lstm(inputs)

    expected = [numpy_lstm(lstm, row.numpy()) for row in inputs]
    np.testing.assert_allclose(logits.detach(), expected, rtol=1e-10)


def test_one_run_equals_two_halves_with_the_state_carried_over(lstm: LSTM) -> None:
    inputs = torch.randn(2, 6, 3, dtype=torch.float64)

    whole, final = lstm(inputs)
    first, state = lstm(inputs[:, :2])
    second, carried = lstm(inputs[:, 2:], state)

    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(carried, final)


def test_every_parameter_receives_a_gradient(lstm: LSTM) -> None:
    lstm(torch.randn(2, 4, 3, dtype=torch.float64))[0].square().sum().backward()

    for name, parameter in lstm.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_impossible_sizes_and_inputs_are_refused(lstm: LSTM) -> None:
    with pytest.raises(ValueError, match="num_layers must be a positive integer, not 0"):
        LSTMConfig(1, 1, num_layers=0)
    with pytest.raises(ValueError, match=r"inputs must have shape \(B, T, 3\), not \(2, 3\)"):
        lstm(torch.zeros(2, 3))
