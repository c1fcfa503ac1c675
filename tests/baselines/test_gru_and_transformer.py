"""Networks that users would ask about: causal, carried by their state, as published."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ntm_baselines import GRU, GRUConfig, Transformer, TransformerConfig

SMALL_TRANSFORMER = {"hidden_size": 8, "num_layers": 2, "num_heads": 2}
NETWORKS: dict[str, tuple[Any, Any]] = {
    "gru": (GRU, GRUConfig(3, 2, hidden_size=5, num_layers=2)),
    "transformer": (Transformer, TransformerConfig(3, 2, **SMALL_TRANSFORMER)),
    "short-sighted transformer": (
        Transformer,
        TransformerConfig(3, 2, **SMALL_TRANSFORMER, window_size=4),
    ),
}


@pytest.fixture(params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    make, config = NETWORKS[request.param]
    network: nn.Module = make(config).double()
    return network


@pytest.fixture
def inputs() -> Tensor:
    return torch.randn(2, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def run_in_pieces(network: nn.Module, inputs: Tensor, *lengths: int) -> Tensor:
    state: Any = None
    logits = []
    for piece in inputs.split(lengths, dim=1):
        answered, state = network(piece, state)
        logits.append(answered)
    return torch.cat(logits, dim=1)


@pytest.mark.parametrize("lengths", [[1] * 9, [2, 7], [6, 1, 2]])
def test_one_run_equals_its_pieces_with_the_state_carried_over(
    network: nn.Module, inputs: Tensor, lengths: list[int]
) -> None:
    torch.testing.assert_close(
        run_in_pieces(network, inputs, *lengths), network(inputs)[0], rtol=1e-12, atol=1e-12
    )


def test_no_answer_depends_on_what_comes_later(network: nn.Module, inputs: Tensor) -> None:
    changed = inputs.clone()
    changed[:, 5:] += 1

    before, after = network(inputs)[0], network(changed)[0]

    torch.testing.assert_close(before[:, :5], after[:, :5], rtol=0, atol=1e-14)
    assert (before[:, 5] - after[:, 5]).abs().min() > 1e-6


def test_a_state_may_start_anew_in_a_part_of_the_batch(
    network: nn.Module, inputs: Tensor
) -> None:
    start = network.initial_state(2)  # type: ignore[operator]

    torch.testing.assert_close(network(inputs, start)[0], network(inputs)[0])


def test_every_parameter_receives_a_gradient(network: nn.Module, inputs: Tensor) -> None:
    network(inputs)[0].square().sum().backward()

    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_window_ends_what_a_single_layer_can_look_back_on(inputs: Tensor) -> None:
    torch.manual_seed(0)
    config = TransformerConfig(3, 2, 8, num_layers=1, num_heads=2, window_size=4)
    transformer = Transformer(config).double()
    changed = inputs.clone()
    changed[:, 0] += 1

    difference = (transformer(inputs)[0] - transformer(changed)[0]).abs().amax((0, 2))

    assert (difference[:4] > 0).all()
    assert (difference[4:] == 0).all()


def test_the_first_positions_are_the_published_sines_and_cosines() -> None:
    transformer = Transformer(TransformerConfig(3, 2, 4, num_heads=2))

    positions = transformer._positions(torch.tensor([[0, 1]]))

    angle = torch.tensor([1.0, 1 / 100], dtype=torch.float64)
    expected = torch.stack(
        [torch.tensor([0.0, 0, 1, 1]).double(), torch.cat([angle.sin(), angle.cos()])]
    )
    torch.testing.assert_close(positions[0], expected)


def test_the_gru_is_torchs_own_with_a_learned_start(inputs: Tensor) -> None:
    torch.manual_seed(0)
    gru = GRU(GRUConfig(3, 2, hidden_size=5, num_layers=2)).double()
    with torch.no_grad():
        gru.initial_hidden.normal_()

    features, _ = gru.recurrent(inputs, gru.initial_hidden[:, None].expand(-1, 2, -1))

    torch.testing.assert_close(gru(inputs)[0], gru.output_layer(features))


def test_impossible_sizes_and_inputs_are_refused(network: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"inputs must have shape \(B, T, 3\), not \(2, 3\)"):
        network(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="hidden_size must be a positive integer, not 0"):
        GRUConfig(1, 1, hidden_size=0)
    with pytest.raises(ValueError, match="multiple of twice num_heads 4, not 12"):
        TransformerConfig(1, 1, hidden_size=12)
