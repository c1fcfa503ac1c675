"""Solvers: the best possible answers to a task, worked out from what it shows.

A solver sees the inputs only, so it also checks that a task can be solved at all. It is
causal: its answer to a step depends on that step and the ones before. Inputs have shape
``(B, T, I)``; solvers return the probability that each bit is one, shape ``(B, T, O)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.reference_agents.ngram_oracle import solve_ngram
from ntm_gym.tasks import AssociativeRecall, Copy, NGram, PrioritySort, RepeatCopy, Task
from ntm_gym.tasks.repeat_copy import REPEATS_DEVIATION, REPEATS_MEAN

Array = NDArray[np.float64]
Row = NDArray[np.float32]
Solver = Callable[[Row], Array]


def find_solver(task: Task) -> Solver:
    """Return the solver of a task, bound to its parameters.

    Raises:
        ValueError: If nobody has written one; add it to `SOLVERS`.
    """
    solve = SOLVERS.get(type(task))
    if solve is None:
        raise ValueError(f"there is no oracle for {type(task).__name__}; add it to SOLVERS")
    return lambda inputs: solve(task, inputs)


def solve_copy(task: Copy, inputs: Row) -> Array:
    """Say back what stood before the delimiter."""
    answers = np.zeros((*inputs.shape[:2], task.output_size))
    for row, answer in zip(inputs, answers, strict=True):
        for length in np.flatnonzero(row[:, task.num_bits])[:1]:
            _write(answer, length + 1, row[:length, : task.num_bits])
    return answers


def solve_repeat_copy(task: RepeatCopy, inputs: Row) -> Array:
    """Say back what stood before the delimiter, as often as stood beside it, and stop."""
    answers = np.zeros((*inputs.shape[:2], task.output_size))
    for row, answer in zip(inputs, answers, strict=True):
        for length in np.flatnonzero(row[:, task.num_bits])[:1]:
            shown = row[length, task.num_bits + 1]
            repeats = round(float(shown * REPEATS_DEVIATION + REPEATS_MEAN))
            spoken = np.zeros((length * repeats + 1, task.output_size))
            spoken[:-1, :-1] = np.tile(row[:length, : task.num_bits], (repeats, 1))
            spoken[-1, -1] = 1
            _write(answer, length + 1, spoken)
    return answers


def solve_associative_recall(task: AssociativeRecall, inputs: Row) -> Array:
    """Say what followed the query; if it was shown twice, each successor is as likely."""
    answers = np.zeros((*inputs.shape[:2], task.output_size))
    size = task.item_length
    for row, answer in zip(inputs, answers, strict=True):
        asked = np.flatnonzero(row[:, task.num_bits + 1])
        for start, stop in [asked.tolist()] if len(asked) == 2 else []:
            items = row[:start].reshape(-1, size + 1, task.input_size)[:, 1:, : task.num_bits]
            query = row[start + 1 : stop, : task.num_bits]
            same = np.flatnonzero((items[:-1] == query).all((1, 2)))
            _write(answer, stop + 1, items[same + 1].mean(0))
    return answers


def solve_priority_sort(task: PrioritySort, inputs: Row) -> Array:
    """Say the vectors back, highest priority first."""
    answers = np.zeros((*inputs.shape[:2], task.output_size))
    for row, answer in zip(inputs, answers, strict=True):
        for shown in np.flatnonzero(row[:, task.num_bits + 1])[:1]:
            order = sorted(range(shown), key=lambda i: -row[i, task.num_bits])
            _write(answer, shown + 1, row[order, : task.num_bits])
    return answers


def _write(answer: Array, start: int, spoken: Any) -> None:
    """Write what is said from a step on, as far as there are steps."""
    spoken = spoken[: max(0, len(answer) - start)]
    answer[start : start + len(spoken)] = spoken


SOLVERS: dict[type[Task], Callable[[Any, Row], Array]] = {
    Copy: solve_copy,
    RepeatCopy: solve_repeat_copy,
    AssociativeRecall: solve_associative_recall,
    NGram: solve_ngram,
    PrioritySort: solve_priority_sort,
}
"""By class; those of tasks from elsewhere may be added."""
