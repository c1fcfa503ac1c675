"""Training sequences with more coincidences than chance makes.

Two blank vectors in a row, or two items that share most of their vectors: a network meets them
once in thousands of episodes, too rarely to learn what to do, and an evaluation of a thousand
episodes often enough to show it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.episodes import CompactEpisodes, expand
from ntm_gym.tasks.keyed_random import random_words

_STREAM = 2**16
_BLANK_ROW = 0


def check_vectors(task: Task) -> None:
    """Refuse tasks that are not made of short random vectors.

    Raises:
        ValueError: If the task has no vectors, or vectors of more bits than are spelled.
    """
    if _num_marks(task, task.sample_compact(np.zeros(1, np.uint64))) is None:
        raise ValueError(
            f"coincidences must be left out for {task}, which is not made of random vectors "
            f"of at most ten bits"
        )


def sample_with_coincidences(
    task: Task, keys: NDArray[np.uint64], probability: float
) -> Episodes:
    """Sample episodes and change vectors, where they are shown and where they are asked for.

    Args:
        task: One that `check_vectors` accepts.
        keys: One key per episode, shape ``(B,)``.
        probability: With which a vector is changed. It becomes blank or, as often, what the
            vector before it is; in associative recall, the same vector of the item before.

    Returns:
        Episodes; row ``b`` depends on ``keys[b]`` alone.
    """
    compact = task.sample_compact(keys)
    marks = _num_marks(task, compact)
    assert marks is not None
    assert compact.rows.symbols is not None
    symbols = compact.rows.symbols.copy()
    vectors = symbols[:, 1 + marks :]
    chance = random_words(keys, _STREAM, vectors.shape[1]) * 2.0**-64
    blank, changed = chance < probability / 2, chance < probability
    vectors[blank] = _BLANK_ROW
    distance = task.parameters().get("item_length", 1)
    for place in range(distance, vectors.shape[1]):
        repeats = changed[:, place] & ~blank[:, place]
        vectors[repeats, place] = vectors[repeats, place - distance]
    return expand(compact._replace(rows=compact.rows._replace(symbols=symbols)))


def _num_marks(task: Task, compact: CompactEpisodes) -> int | None:
    """Return how many rows lie between the blank one and the vectors; None without vectors."""
    num_bits = task.parameters().get("num_bits")
    if num_bits is None or compact.rows.symbols is None:
        return None
    alphabet: int = 2**num_bits
    return len(compact.rows.inputs) - 1 - alphabet
