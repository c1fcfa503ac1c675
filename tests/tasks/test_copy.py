"""Copy follows section 4.1."""

from __future__ import annotations

import numpy as np

from ntm_gym.tasks import Copy
from ntm_gym.tasks.keyed_random import derive_keys


def test_an_episode_shows_vectors_then_a_delimiter_and_asks_for_the_vectors() -> None:
    task = Copy(num_bits=3, min_length=2, max_length=6)
    episodes = task.sample(derive_keys(0, 0, 0, 50))

    for b in range(50):
        steps = int(episodes.lengths[b])
        length = (steps - 1) // 2
        inputs, targets = episodes.inputs[b], episodes.targets[b]
        np.testing.assert_array_equal(inputs[:length, 3], 0)
        np.testing.assert_array_equal(inputs[length], [0, 0, 0, 1])
        np.testing.assert_array_equal(inputs[length + 1 :], 0)
        np.testing.assert_array_equal(targets[length + 1 : steps], inputs[:length, :3])
        np.testing.assert_array_equal(targets[: length + 1], 0)
        np.testing.assert_array_equal(targets[steps:], 0)
        expected_mask = [length < t < steps for t in range(episodes.inputs.shape[1])]
        np.testing.assert_array_equal(episodes.target_mask[b], expected_mask)


def test_lengths_are_uniform_and_bits_are_fair() -> None:
    episodes = Copy().sample(derive_keys(0, 0, 0, 20_000))

    counts = np.bincount((episodes.lengths - 1) // 2, minlength=21)[1:]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8
    bits = episodes.targets[episodes.target_mask]
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)
