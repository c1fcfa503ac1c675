"""Augmentation of training sequences: random vectors are made blank or repeated.

Two blank vectors in a row, or two items that share most of their vectors, come up by chance
once in thousands of episodes: too rarely for a network to learn from, and often enough for an
evaluation of a thousand episodes to show that it has not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.episodes import expand
from ntm_gym.tasks.keyed_random import random_words

_STREAM = 2**16
_BLANK_ROW = 0


def check_augmentable(task: Task) -> None:
    """Refuse tasks that are not made of random vectors.

    Raises:
        ValueError: If the task has none.
    """
    if task.sample_compact(np.zeros(1, np.uint64)).rows.first_vector is None:
        raise ValueError(
            f"augmentation must be left out for {task}, which is not made of random vectors"
        )


def sample_augmented(task: Task, keys: NDArray[np.uint64], probability: float) -> Episodes:
    """Sample episodes and change some of their vectors, in inputs and targets alike.

    Args:
        task: One that `check_augmentable` accepts.
        keys: One key per episode, shape ``(B,)``.
        probability: With which a vector is changed. It becomes blank or, as often, equal to
            the vector before it; in associative recall, to the same vector of the item before.

    Returns:
        Episodes; row ``b`` depends on ``keys[b]`` alone.
    """
    compact = task.sample_compact(keys)
    rows, first = compact.rows, compact.rows.first_vector
    assert first is not None
    sources = np.tile(np.arange(rows.num_rows), (len(keys), 1))
    vectors = sources[:, first:]
    chance = random_words(keys, _STREAM, vectors.shape[1]) * 2.0**-64
    blank, changed = chance < probability / 2, chance < probability
    vectors[blank] = _BLANK_ROW
    distance = task.parameters().get("item_length", 1)
    for place in range(distance, vectors.shape[1]):
        repeats = changed[:, place] & ~blank[:, place]
        vectors[repeats, place] = vectors[repeats, place - distance]
    return expand(compact._replace(rows=rows.rearranged(sources)))
