"""What is trained to reproduce the paper: recipes, and how many seeds of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fnmatch import fnmatch

from ntm_paper.sweep.jobs import Job


@dataclasses.dataclass(frozen=True)
class PlannedRow:
    """A row of the results.

    Attributes:
        recipe: Name of the recipe.
        num_seeds: Training seeds, from 1 on.
        minutes: What one seed took on one core of the machine named in the documentation;
            decides order and first estimate only.
    """

    recipe: str
    num_seeds: int
    minutes: float


PLAN: tuple[PlannedRow, ...] = (
    PlannedRow("copy/ntm-ff", 10, 1.3),
    PlannedRow("copy/ntm-lstm", 10, 2),
    PlannedRow("repeat_copy/ntm-ff", 5, 2),
    PlannedRow("repeat_copy/ntm-lstm", 5, 2.5),
    PlannedRow("associative_recall/ntm-ff", 5, 2),
    PlannedRow("associative_recall/ntm-lstm", 5, 1),
    PlannedRow("ngram/ntm-ff", 3, 14),
    PlannedRow("ngram/ntm-lstm", 3, 5.5),
    PlannedRow("priority_sort/ntm-ff", 3, 13),
    PlannedRow("priority_sort/ntm-lstm", 3, 6),
    PlannedRow("copy/lstm", 3, 16),
    PlannedRow("repeat_copy/lstm", 1, 120),
    PlannedRow("associative_recall/lstm", 3, 8),
    PlannedRow("ngram/lstm", 3, 12),
    PlannedRow("priority_sort/lstm", 3, 3),
)
QUICK: tuple[str, ...] = ("copy/ntm-*", "repeat_copy/ntm-*", "associative_recall/ntm-*")
"""Rows of which one seed each is trained in less than 20 minutes on two cores."""


def select(
    only: Sequence[str] = (), seeds: Sequence[int] = (), quick: bool = False
) -> list[tuple[PlannedRow, tuple[int, ...]]]:
    """Return rows of the plan with their training seeds.

    Args:
        only: Recipes, as patterns of a shell; all if empty.
        seeds: Training seeds of every row; the plan's if empty.
        quick: One seed of the rows of `QUICK`, unless told otherwise.

    Raises:
        ValueError: If a pattern fits no row.
    """
    patterns = only or (QUICK if quick else ("*",))
    for pattern in patterns:
        if not any(fnmatch(row.recipe, pattern) for row in PLAN):
            rows = ", ".join(row.recipe for row in PLAN)
            raise ValueError(f"a row must be one of {rows}, or a pattern, not {pattern!r}")
    return [
        (row, tuple(seeds) or tuple(range(1, 2 if quick else row.num_seeds + 1)))
        for row in PLAN
        if any(fnmatch(row.recipe, pattern) for pattern in patterns)
    ]


def longest_first(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in the order in which they start: no long one is left to the end alone."""
    return sorted(jobs, key=lambda job: -job.expected_s)


def expected_seconds(recipe: str) -> float:
    """Return what the plan expects of one seed of a recipe.

    Args:
        recipe: Any recipe; a minute if it is not planned.
    """
    minutes = {row.recipe: row.minutes for row in PLAN}
    return 60 * minutes.get(recipe, 1.0)
