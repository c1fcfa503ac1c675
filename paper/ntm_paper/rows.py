"""The rows of the paper: which entry is ours, and what it costs in the paper's measure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.aggregates import Interval, bootstrap_mean
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.scores import oracle_results
from ntm_paper.collection import AGENTS, TASKS, TRACK, RecipeRow
from ntm_paper.published_results import (
    FINAL_BITS,
    NGRAM_OPTIMUM,
    RECALL_BITS,
    RECALL_ITEMS,
)

NGRAM = "ngram"


@dataclasses.dataclass(frozen=True)
class PaperRow:
    """An entry that stands beside a row of the paper.

    Attributes:
        recipe: Task and network, by the words of the recipe.
        entry: Ours.
    """

    recipe: RecipeRow
    entry: Entry

    @property
    def labels(self) -> list[str]:
        """Labels of the suite's points, the trained range first."""
        return [point.label for point in self.entry.suite.points]

    def bits(self, label: str) -> NDArray[np.float64]:
        """Return costs in bits; on N-grams above the optimum of the same episodes.

        Args:
            label: Of the point.

        Returns:
            Shape ``(seeds, episodes)``.

        Raises:
            ValueError: If a run gives no probabilities.
        """
        costs = []
        for run in self.entry.runs:
            cost = run.points[label].bits_per_sequence
            if cost is None:
                raise ValueError(f"{self.entry.name} must give probabilities to stand here")
            costs.append(cost)
        if self.recipe.task != NGRAM:
            return np.array(costs)
        best = oracle_results(self.entry.suite).points[label].bits_per_sequence
        assert best is not None
        return np.array(costs) - best

    def seed_bits(self, label: str) -> list[float]:
        """Return the mean of `bits` for each seed."""
        return [float(mean) for mean in self.bits(label).mean(1)]

    def interval(self, label: str) -> Interval:
        """Return the mean of `bits` over seeds and episodes."""
        return bootstrap_mean(self.bits(label))

    def seed_errors(self, label: str) -> list[float]:
        """Return the mean wrong bits of each seed."""
        return [
            float(run.points[label].bit_errors_per_sequence.mean()) for run in self.entry.runs
        ]

    def paper_bits(self, label: str) -> float | None:
        """Return what the paper shows at a point, in the measure of `bits`, if it does."""
        network = self.recipe.network
        if label == self.labels[0]:
            bits = FINAL_BITS[self.recipe.task][network]
            return bits - NGRAM_OPTIMUM if self.recipe.task == NGRAM else bits
        items = [str(count) for count in RECALL_ITEMS]
        if self.recipe.task == "associative_recall" and label in items:
            return RECALL_BITS[network][items.index(label)]
        return None


def paper_rows(entries: Iterable[Entry]) -> list[PaperRow]:
    """Return the rows that have an entry, task by task in the paper's order.

    Args:
        entries: Of a board.
    """
    known = {(each.track, each.suite.name, each.name): each for each in entries}
    return [
        PaperRow(RecipeRow(task, network), known[key])
        for task in TASKS
        for network, name in AGENTS.items()
        if (key := (TRACK, task, name)) in known
    ]


def missing_rows(rows: Sequence[PaperRow]) -> list[str]:
    """Return the recipes of the paper's rows that have no entry."""
    found = {row.recipe.recipe for row in rows}
    recipes = [RecipeRow(task, network).recipe for task in TASKS for network in AGENTS]
    return [recipe for recipe in recipes if recipe not in found]
