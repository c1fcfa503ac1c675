"""Equations 5 to 9 against numpy loops, their limits, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.ntm.addressing import (
    SIMILARITY_EPSILON,
    AddressingParameters,
    address,
    content_weighting,
    cosine_similarity,
    interpolate,
    sharpen,
    shift,
)

Array = NDArray[np.float64]
BATCH, HEADS, LOCATIONS, WORD = 2, 3, 7, 5


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def distribution(*shape: int, seed: int = 0) -> Tensor:
    return normal(*shape, seed=seed).softmax(-1)


def numpy_content_weighting(memory: Array, key: Array, strength: Array) -> Array:
    weighting = np.zeros((BATCH, HEADS, LOCATIONS))
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LOCATIONS):
                u, v = key[b, h], memory[b, i]
                similarity = u @ v / (np.linalg.norm(u) * np.linalg.norm(v))
                weighting[b, h, i] = np.exp(strength[b, h] * similarity)
            weighting[b, h] /= weighting[b, h].sum()
    return weighting


def numpy_shift(weighting: Array, shift_weighting: Array) -> Array:
    max_shift = shift_weighting.shape[-1] // 2
    rotated = np.zeros_like(weighting)
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LOCATIONS):
                for j in range(-max_shift, max_shift + 1):
                    source = (i - j) % LOCATIONS
                    rotated[b, h, i] += (
                        weighting[b, h, source] * shift_weighting[b, h, j + max_shift]
                    )
    return rotated


def numpy_sharpen(weighting: Array, sharpening: Array) -> Array:
    powered = weighting ** sharpening[..., None]
    return np.asarray(powered / powered.sum(-1, keepdims=True))


def test_content_weighting_is_a_softmax_of_scaled_cosines() -> None:
    memory, key = normal(BATCH, LOCATIONS, WORD), normal(BATCH, HEADS, WORD, seed=1)
    strength = normal(BATCH, HEADS, seed=2).exp()

    weighting = content_weighting(memory, key, strength)

    expected = numpy_content_weighting(memory.numpy(), key.numpy(), strength.numpy())
    np.testing.assert_allclose(weighting, expected, rtol=1e-7)


def test_content_weighting_at_great_strength_picks_the_nearest_location() -> None:
    memory = normal(1, LOCATIONS, WORD)

    weighting = content_weighting(memory, memory[:, 3:4] * 2, torch.full((1, 1), 1e4))

    assert weighting[0, 0, 3].item() == pytest.approx(1)


def test_content_weighting_refuses_keys_of_another_width() -> None:
    with pytest.raises(ValueError, match="as wide as the memory's 5-number words, not 4"):
        content_weighting(normal(1, 7, 5), normal(1, 1, 4), torch.ones(1, 1))


def test_similarity_with_a_zero_location_is_zero_and_has_a_finite_gradient() -> None:
    memory = torch.zeros(1, 2, WORD, requires_grad=True)
    key = normal(1, 1, WORD).float()

    similarity = cosine_similarity(key, memory)
    similarity.sum().backward()

    assert similarity.abs().max().item() == 0
    assert memory.grad is not None
    assert memory.grad.isfinite().all()
    assert memory.grad.abs().max().item() < 2 / SIMILARITY_EPSILON**0.5


def test_interpolation_gate_one_ignores_the_past_and_zero_ignores_content() -> None:
    content = distribution(BATCH, HEADS, LOCATIONS)
    previous = distribution(BATCH, HEADS, LOCATIONS, seed=1)
    ones = torch.ones(BATCH, HEADS, dtype=torch.float64)

    assert torch.equal(interpolate(content, previous, ones), content)
    assert torch.equal(interpolate(content, previous, 0 * ones), previous)


def test_interpolation_mixes_in_proportion_to_the_gate() -> None:
    content = torch.tensor([[[1.0, 0.0]]])
    previous = torch.tensor([[[0.0, 1.0]]])

    gated = interpolate(content, previous, torch.tensor([[0.25]]))

    assert torch.equal(gated, torch.tensor([[[0.25, 0.75]]]))


@pytest.mark.parametrize("max_shift", [1, 2, 3])
def test_shift_is_a_circular_convolution(max_shift: int) -> None:
    weighting = distribution(BATCH, HEADS, LOCATIONS)
    shift_weighting = distribution(BATCH, HEADS, 2 * max_shift + 1, seed=1)

    rotated = shift(weighting, shift_weighting)

    expected = numpy_shift(weighting.numpy(), shift_weighting.numpy())
    np.testing.assert_allclose(rotated, expected, rtol=1e-12)


@pytest.mark.parametrize("moved", [-2, -1, 0, 1, 2])
def test_one_hot_shift_rotates_the_weighting(moved: int) -> None:
    weighting = distribution(1, 1, LOCATIONS)
    one_hot = torch.zeros(1, 1, 5, dtype=torch.float64)
    one_hot[0, 0, moved + 2] = 1

    assert torch.equal(shift(weighting, one_hot), weighting.roll(moved, -1))


@pytest.mark.parametrize("num_shifts", [2, 9])
def test_shift_refuses_even_numbers_of_shifts_and_more_shifts_than_locations(
    num_shifts: int,
) -> None:
    with pytest.raises(ValueError, match="must be odd and at most the 7 locations"):
        shift(distribution(1, 1, LOCATIONS), distribution(1, 1, num_shifts))


def test_sharpen_raises_to_a_power_and_normalizes() -> None:
    weighting = distribution(BATCH, HEADS, LOCATIONS)
    sharpening = 1 + normal(BATCH, HEADS, seed=1).exp()

    sharpened = sharpen(weighting, sharpening)

    expected = numpy_sharpen(weighting.numpy(), sharpening.numpy())
    np.testing.assert_allclose(sharpened, expected, rtol=1e-7)


def test_sharpening_of_one_changes_nothing() -> None:
    weighting = distribution(BATCH, HEADS, LOCATIONS)

    sharpened = sharpen(weighting, torch.ones(BATCH, HEADS, dtype=torch.float64))

    torch.testing.assert_close(sharpened, weighting)


def test_sharpening_a_hundredfold_stays_finite_in_single_precision() -> None:
    weighting = torch.zeros(1, 1, 128)
    weighting[0, 0, :3] = torch.tensor([0.2, 0.5, 0.3])
    weighting.requires_grad_()

    sharpened = sharpen(weighting, torch.full((1, 1), 100.0))
    (sharpened * torch.arange(128)).sum().backward()

    assert sharpened[0, 0, 1].item() == pytest.approx(1)
    assert weighting.grad is not None
    assert weighting.grad.isfinite().all()


def test_sharpen_refuses_a_value_too_many() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(1, 2\).*but has \(1, 3\)"):
        sharpen(distribution(1, 2, LOCATIONS), torch.ones(1, 3))


def parameters(max_shift: int) -> AddressingParameters:
    return AddressingParameters(
        key=normal(BATCH, HEADS, WORD, seed=1),
        key_strength=normal(BATCH, HEADS, seed=2).exp(),
        interpolation_gate=normal(BATCH, HEADS, seed=3).sigmoid(),
        shift_weighting=distribution(BATCH, HEADS, 2 * max_shift + 1, seed=4),
        sharpening=1 + normal(BATCH, HEADS, seed=5).exp(),
    )


def test_addressing_applies_content_gate_shift_and_sharpening_in_this_order() -> None:
    memory, previous = normal(BATCH, LOCATIONS, WORD), distribution(BATCH, HEADS, LOCATIONS)
    asked = parameters(max_shift=1)

    weighting = address(memory, previous, asked)

    key, strength, gate, shifts, sharpening = (field.numpy() for field in asked)
    by_content = numpy_content_weighting(memory.numpy(), key, strength)
    gated = gate[..., None] * by_content + (1 - gate[..., None]) * previous.numpy()
    expected = numpy_sharpen(numpy_shift(gated, shifts), sharpening)
    np.testing.assert_allclose(weighting, expected, rtol=1e-6)
    np.testing.assert_allclose(weighting.sum(-1), np.ones((BATCH, HEADS)), rtol=1e-12)


def test_gradients_of_addressing_agree_with_finite_differences() -> None:
    memory, previous = normal(BATCH, LOCATIONS, WORD), distribution(BATCH, HEADS, LOCATIONS)
    inputs = [memory, previous, *parameters(max_shift=2)]

    def flat_address(memory: Tensor, previous: Tensor, *asked: Tensor) -> Tensor:
        return address(memory, previous, AddressingParameters(*asked))

    assert torch.autograd.gradcheck(flat_address, [x.requires_grad_() for x in inputs])
