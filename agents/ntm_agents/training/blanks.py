"""Training sequences in which blank vectors are not as rare as chance makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.episodes import expand
from ntm_gym.tasks.keyed_random import random_words

_BLANKS = 2**16
_BLANK_ROW = 0


def sample_with_blanks(
    task: Task, keys: NDArray[np.uint64], probability: float | None
) -> Episodes:
    """Sample episodes and replace vectors by zeros, where they are shown and asked for."""
    if probability is None:
        return task.sample(keys)
    compact = task.sample_compact(keys)
    rows = compact.rows
    symbols = np.array(rows.symbols)
    num_bits: Any = task.parameters()["num_bits"]
    first = len(rows.inputs) - 2**num_bits
    words = random_words(keys, _BLANKS, symbols.shape[1])
    symbols[(words < np.uint64(probability * 2.0**64)) & (symbols >= first)] = _BLANK_ROW
    return expand(compact._replace(rows=rows._replace(symbols=symbols)))
