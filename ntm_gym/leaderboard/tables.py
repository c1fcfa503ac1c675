"""Tables of agents and points with intervals, and what entries claim beyond them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ntm_gym.evaluation.aggregates import Interval, bootstrap_mean
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.entries import TRAINING_SEEDS, Entry
from ntm_gym.markdown import format_markdown, short

METRICS = {
    "bits_per_sequence": "Bits per sequence (cross-entropy; lower is better)",
    "bit_errors_per_sequence": "Wrong bits per sequence (lower is better)",
}

CLAIMED = ("authors", "link", "licence", "commit", "machine", "versions")
"""Fields of an entry that are its authors' word."""
CLAIMED_OF_RUNS = ("wall_time_s", "cpu_time_s", "command")
"""Fields of a run that its description repeats, and that are its authors' word as well."""


@dataclasses.dataclass(frozen=True)
class Row:
    """An agent in the table.

    Attributes:
        name: Of the agent.
        parameters: Trainable numbers; None for agents that do not learn.
        sequences: Training sequences; None for agents that do not learn.
        runs: For each training seed, its results by label.
        num_seeds: How many training seeds are expected.
    """

    name: str
    parameters: int | None
    sequences: int | None
    runs: Sequence[dict[str, PointResult]]
    num_seeds: int = len(TRAINING_SEEDS)

    @classmethod
    def of_reference(cls, name: str, points: dict[str, PointResult]) -> Row:
        """Return the row of an agent that has nothing to learn, by its results."""
        return cls(name, None, None, [points])

    @classmethod
    def of(cls, entry: Entry, runs: Sequence[dict[str, PointResult]] | None = None) -> Row:
        """Return the row of an entry.

        Args:
            entry: The entry.
            runs: Its results as played just now; what it claims if None.
        """
        return cls(
            entry.name,
            entry.parameters,
            entry.sequences,
            [run.points for run in entry.runs] if runs is None else runs,
            entry.num_seeds,
        )


def format_tables(rows: Sequence[Row], suite: Suite) -> str:
    """Return a table for each metric, with its title."""
    labels = [point.label for point in suite.points]
    return "\n".join(
        f"\n{title}, with 95 % intervals\n\n{format_table(rows, labels, metric)}"
        for metric, title in METRICS.items()
    )


def format_table(rows: Sequence[Row], labels: Sequence[str], metric: str) -> str:
    """Write a Markdown table with 95 % intervals over training seeds and episodes.

    Args:
        rows: The agents.
        labels: The points, in order.
        metric: A key of `METRICS`.

    Returns:
        Lines of equal length.
    """
    head = ["agent", "parameters", "trained on", "seeds", *labels]
    body = [
        [
            row.name,
            "-" if row.parameters is None else f"{row.parameters:,}",
            "-" if row.sequences is None else f"{row.sequences:,}",
            "-" if row.parameters is None else seeds_words(len(row.runs), row.num_seeds),
            *(_cell(row, label, metric) for label in labels),
        ]
        for row in rows
    ]
    return format_markdown([head, *body])


def _cell(row: Row, label: str, metric: str) -> str:
    values = [getattr(run[label], metric) for run in row.runs]
    if any(value is None for value in values):
        return "-"
    interval = bootstrap_mean(np.array(values, np.float64))
    return format_interval(interval)


def format_interval(interval: Interval) -> str:
    """Write a mean and its interval, which is left out where nothing varies."""
    if interval.low == interval.high:
        return short(interval.mean)
    return f"{short(interval.mean)} [{short(interval.low)}, {short(interval.high)}]"


def seeds_words(count: int, expected: int) -> str:
    """Return how many training seeds there are of how many that are expected.

    Example:
        >>> seeds_words(3, 5), seeds_words(1, 5)
        ('3 of 5', 'single run')
    """
    return "single run" if count == 1 else f"{count} of {expected}"


def format_claims(entry: Entry) -> str:
    """Return a line with all that an entry claims and nobody can compute.

    Everything else is recomputed by a verification or compared with descriptions and weights.

    Args:
        entry: The entry.
    """
    claims = {name: _format_claim(getattr(entry, name)) for name in CLAIMED}
    for name in CLAIMED_OF_RUNS:
        values = [getattr(run, name) for run in entry.runs]
        claims[name] = ", ".join(
            map(_format_claim, values if name != "command" else values[:1])
        )
    curves = sum(run.curve is not None for run in entry.runs)
    claims["learning curves"] = f"{curves} of {len(entry.runs)} runs"
    listed = "; ".join(f"{name} {claim}" for name, claim in claims.items())
    return f"{entry.name}, {entry.suite.name}: claimed, not computed: {listed}"


def _format_claim(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items()) or "-"
    return "-" if value in (None, "") else str(value)
