"""What a network starts from, and what becomes of it over a memory of another size."""

from __future__ import annotations

import pytest
import torch

from ntm_agents import NTM, NTMConfig
from ntm_agents.ntm.heads import split_head_parameters


def test_a_larger_memory_keeps_the_weights_and_starts_at_the_same_place() -> None:
    ntm = NTM(NTMConfig(3, 2, memory_size=8, word_size=4))

    larger = ntm.with_memory_size(20)

    assert larger.config.memory_size == 20
    assert torch.equal(larger.head_layer.weight, ntm.head_layer.weight)
    assert torch.equal(larger.initial_memory[:8], ntm.initial_memory)
    torch.testing.assert_close(larger.initial_memory[19], ntm.initial_memory.mean(0))
    assert (larger.initial_state().weightings[..., 0] > 0.99).all()
    assert ntm.config.memory_size == 8


def test_a_smaller_memory_keeps_the_first_locations() -> None:
    ntm = NTM(NTMConfig(3, 2, memory_size=8, word_size=4))

    smaller = ntm.with_memory_size(5)

    assert torch.equal(smaller.initial_memory, ntm.initial_memory[:5])
    assert smaller(torch.zeros(1, 2, 3))[1].memory.shape == (1, 5, 4)


def test_a_shared_memory_start_is_one_learned_vector_for_every_location() -> None:
    ntm = NTM(NTMConfig(3, 2, memory_size=8, word_size=4, memory_start="shared"))

    ntm(torch.ones(2, 4, 3))[0].sum().backward()

    assert ntm.initial_memory.shape == (1, 4)
    assert ntm.initial_memory.grad is not None
    assert ntm.initial_memory.grad.abs().sum() > 0
    assert torch.equal(ntm.initial_state().memory[0, 7], ntm.initial_memory[0])


def test_a_shared_memory_start_fits_a_memory_of_any_size() -> None:
    ntm = NTM(NTMConfig(3, 2, memory_size=8, word_size=4, memory_start="shared"))

    larger = ntm.with_memory_size(20)

    assert torch.equal(larger.initial_memory, ntm.initial_memory)
    assert larger.initial_state().memory.shape == (1, 20, 4)


def test_an_unknown_memory_start_is_refused() -> None:
    with pytest.raises(ValueError, match="memory_start must be 'each' or 'shared', not 'none'"):
        NTMConfig(3, 2, memory_start="none")  # type: ignore[arg-type]


def test_initial_strength_moves_the_key_strengths_and_nothing_else() -> None:
    heads = []
    for strength in (0.0, 4.0):
        torch.manual_seed(0)
        config = NTMConfig(3, 2, num_read_heads=2, num_write_heads=3, initial_strength=strength)
        bias = NTM(config).head_layer.bias.detach()
        heads.append(split_head_parameters(bias[None], config))
    weak, strong = heads

    for before, after in ((weak.reading, strong.reading), (weak.writing, strong.writing)):
        unsquashed = torch.log(torch.expm1(after.key_strength))
        torch.testing.assert_close(
            unsquashed - torch.log(torch.expm1(before.key_strength)),
            torch.full_like(unsquashed, 4.0),
        )
        assert torch.equal(before.key, after.key)
        assert torch.equal(before.interpolation_gate, after.interpolation_gate)
        assert torch.equal(before.shift_weighting, after.shift_weighting)
        assert torch.equal(before.sharpening, after.sharpening)
    assert torch.equal(weak.add_vector, strong.add_vector)


def test_memory_scale_is_the_deviation_of_the_memory_at_the_start() -> None:
    torch.manual_seed(0)
    memory = NTM(NTMConfig(3, 2, memory_scale=0.05)).initial_memory.detach()

    assert float(memory.std()) == pytest.approx(0.05, rel=0.1)


def test_initial_forget_moves_the_forget_gates_of_all_layers_and_nothing_else() -> None:
    networks = []
    for forget in (0.0, -3.0):
        torch.manual_seed(0)
        config = NTMConfig(
            3,
            2,
            controller="lstm",
            controller_size=5,
            controller_layers=2,
            initial_forget=forget,
        )
        networks.append(dict(NTM(config).named_parameters()))
    keeping, forgetting = networks

    moved = {name for name in keeping if not torch.equal(keeping[name], forgetting[name])}
    assert moved == {"input_layer.bias", "controller_layers.1.bias"}
    for name in moved:
        difference = forgetting[name] - keeping[name]
        torch.testing.assert_close(difference[5:10], torch.full((5,), -3.0))
        assert not torch.cat((difference[:5], difference[10:])).any()


def test_cells_that_forget_everything_ignore_what_they_held() -> None:
    torch.manual_seed(0)
    ntm = NTM(NTMConfig(3, 2, controller="lstm", initial_forget=-50.0))
    empty = ntm.initial_state()
    controller = empty.controller.clone()
    controller[:, 1] = 9.0
    full = empty._replace(controller=controller)
    inputs = torch.zeros(1, 1, 3)

    torch.testing.assert_close(ntm(inputs, empty)[0], ntm(inputs, full)[0])
