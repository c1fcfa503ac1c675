"""What this reproduction set out to reach, and whether it did."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from ntm_gym.leaderboard.collection import AGENTS
from ntm_gym.leaderboard.paper_rows import PaperRow
from ntm_gym.markdown import format_markdown, list_seeds


@dataclasses.dataclass(frozen=True)
class Goal:
    """A limit on a row, for so many seeds or for their median.

    Attributes:
        task: First word of the recipe.
        network: Last word of the recipe.
        label: Point of the suite; None for the trained range.
        limit: The most that is allowed.
        seeds: Seeds that must keep it; None for the median of all.
        wrong_bits: Whether wrong bits are limited, not the cost in bits.
    """

    task: str
    network: str
    label: str | None
    limit: float
    seeds: int | None = None
    wrong_bits: bool = False

    @property
    def words(self) -> str:
        """The goal for people."""
        what = "wrong bits" if self.wrong_bits else "bits"
        above = " above the optimum" if self.task == "ngram" else ""
        where = "in the trained range" if self.label is None else f"at {self.label}"
        who = "median" if self.seeds is None else f"{self.seeds} seeds"
        return f"{where} at most {self.limit:g} {what}{above}, {who}"

    def values(self, row: PaperRow) -> list[float]:
        """Return what is limited, for each seed."""
        label = row.labels[0] if self.label is None else self.label
        return row.seed_errors(label) if self.wrong_bits else row.seed_bits(label)

    def is_reached(self, row: PaperRow) -> bool:
        """Return whether the row's seeds, or their median, keep the limit."""
        values = self.values(row)
        if self.seeds is None:
            return statistics.median(values) <= self.limit
        return sum(value <= self.limit for value in values) >= self.seeds


_BOTH = ("ntm-ff", "ntm-lstm")
GOALS: tuple[Goal, ...] = (
    *(Goal("copy", network, None, 0.01, 10) for network in _BOTH),
    *(Goal("copy", network, "50", 0, 10, wrong_bits=True) for network in _BOTH),
    *(Goal("copy", network, "120", 0, 8, wrong_bits=True) for network in _BOTH),
    *(Goal("repeat-copy", network, None, 0.05, 5) for network in _BOTH),
    *(Goal("repeat-copy", network, "20 x 10", 1, wrong_bits=True) for network in _BOTH),
    *(Goal("recall", network, None, 0.05, 5) for network in _BOTH),
    *(Goal("recall", network, "15", 1) for network in _BOTH),
    *(Goal("recall", network, "20", 2.5) for network in _BOTH),
    Goal("ngram", "ntm-lstm", None, 0.6),
    Goal("ngram", "ntm-ff", None, 1.1),
    Goal("sort", "ntm-lstm", None, 15),
    Goal("sort", "ntm-ff", None, 20),
)


def goals_table(rows: Sequence[PaperRow]) -> str:
    """Return every goal with what was seen, as Markdown."""
    known = {(row.recipe.task, row.recipe.network): row for row in rows}
    lines = [["task", "network", "goal", "seen, by seed", "reached"]]
    for goal in GOALS:
        row = known.get((goal.task, goal.network))
        seen = "not trained" if row is None else list_seeds(goal.values(row))
        reached = row is not None and goal.is_reached(row)
        lines.append(
            [
                goal.task,
                AGENTS[goal.network],
                goal.words,
                seen,
                "yes" if reached else "**no**",
            ]
        )
    return format_markdown(lines)
