"""Equations 2 to 4 against numpy loops, their limits, and their gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ntm_agents.ntm.memory import add, erase, read, write

BATCH, HEADS, LOCATIONS, WORD = 2, 3, 7, 5


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


MEMORY = normal(BATCH, LOCATIONS, WORD)
WEIGHTING = normal(BATCH, HEADS, LOCATIONS, seed=1).softmax(-1)
ERASE_VECTOR = normal(BATCH, HEADS, WORD, seed=2).sigmoid()
ADD_VECTOR = normal(BATCH, HEADS, WORD, seed=3)


def test_reading_sums_locations_by_their_weights() -> None:
    expected = np.zeros((BATCH, HEADS, WORD))
    for b, h, i in np.ndindex(BATCH, HEADS, LOCATIONS):
        expected[b, h] += WEIGHTING[b, h, i].item() * MEMORY[b, i].numpy()

    np.testing.assert_allclose(read(MEMORY, WEIGHTING), expected, rtol=1e-12)


def test_writing_erases_with_every_head_and_then_adds_with_every_head() -> None:
    expected = MEMORY.numpy().copy()
    for b, i in np.ndindex(BATCH, LOCATIONS):
        for h in range(HEADS):
            expected[b, i] *= 1 - WEIGHTING[b, h, i].item() * ERASE_VECTOR[b, h].numpy()
        for h in range(HEADS):
            expected[b, i] += WEIGHTING[b, h, i].item() * ADD_VECTOR[b, h].numpy()

    written = write(MEMORY, WEIGHTING, ERASE_VECTOR, ADD_VECTOR)

    np.testing.assert_allclose(written, expected, rtol=1e-12)


def test_the_order_of_erasing_heads_does_not_matter() -> None:
    reordered = erase(MEMORY, WEIGHTING.flip(1), ERASE_VECTOR.flip(1))

    torch.testing.assert_close(reordered, erase(MEMORY, WEIGHTING, ERASE_VECTOR))


def test_a_focused_head_that_erases_all_and_adds_a_word_replaces_the_word() -> None:
    focused = torch.zeros(1, 1, LOCATIONS)
    focused[0, 0, 2] = 1
    memory, word = normal(1, LOCATIONS, WORD).float(), torch.arange(5.0)

    written = write(memory, focused, torch.ones(1, 1, WORD), word.view(1, 1, WORD))

    assert torch.equal(written[0, 2], word)
    assert torch.equal(written[0, 3:], memory[0, 3:])
    assert torch.equal(read(written, focused)[0, 0], word)


def test_a_head_that_erases_and_adds_nothing_leaves_the_memory_alone() -> None:
    nothing = torch.zeros(BATCH, HEADS, WORD, dtype=torch.float64)

    assert torch.equal(write(MEMORY, WEIGHTING, nothing, nothing), MEMORY)


def test_gradients_of_reading_and_writing_agree_with_finite_differences() -> None:
    inputs = [x.clone().requires_grad_() for x in (MEMORY, WEIGHTING, ERASE_VECTOR, ADD_VECTOR)]

    assert torch.autograd.gradcheck(read, inputs[:2])
    assert torch.autograd.gradcheck(erase, inputs[:3])
    assert torch.autograd.gradcheck(add, [inputs[0], inputs[1], inputs[3]])
