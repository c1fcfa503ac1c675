"""Copy follows section 4.1, whatever batch its episodes are sampled in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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


@given(
    st.integers(1, 9),
    st.integers(1, 10),
    st.integers(0, 10),
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6),
)
def test_a_batch_equals_its_episodes_one_by_one(
    num_bits: int, min_length: int, more: int, keys: list[int]
) -> None:
    task = Copy(num_bits, min_length, min_length + more)
    batch = task.sample(np.array(keys, np.uint64))

    for b, key in enumerate(keys):
        alone = task.sample(np.array([key], np.uint64))
        steps = int(alone.lengths[0])
        assert batch.lengths[b] == steps <= task.max_steps
        for name in ("inputs", "targets", "target_mask"):
            np.testing.assert_array_equal(
                getattr(batch, name)[b, :steps], getattr(alone, name)[0]
            )
            assert not getattr(batch, name)[b, steps:].any()


def test_lengths_are_uniform_and_bits_are_fair() -> None:
    episodes = Copy().sample(derive_keys(0, 0, 0, 20_000))

    counts = np.bincount((episodes.lengths - 1) // 2, minlength=21)[1:]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8
    bits = episodes.targets[episodes.target_mask]
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)


def test_types_and_sizes_are_as_promised() -> None:
    episodes = Copy().sample(derive_keys(0, 0, 0, 3))

    assert [field.dtype for field in episodes] == [np.float32, np.int8, np.bool_, np.int64]
    assert episodes.inputs.shape[2] == Copy().input_size == 9
    assert episodes.targets.shape[2] == Copy().output_size == 8
