"""Runs of a recipe and its variants as two tables: learning, and generalizing."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Any

from ntm_gym.markdown import format_markdown, list_seeds
from ntm_paper.reliability import SOLVED_BITS, Record


def learning_table(records: Sequence[Record]) -> str:
    """Return how many seeds of each variant learned, and how fast, as Markdown.

    Args:
        records: Those of a variant one after the other.
    """
    lines = [["variant", "changed", "solved", "sequences to solve (median)", "bits at the end"]]
    for variant, runs in _by_variant(records):
        solved = [run.solved_at for run in runs if run.solved_at is not None]
        ended = sum(run.final_bits < SOLVED_BITS for run in runs)
        lines.append(
            [
                variant,
                _changes(runs[0].changes),
                f"{ended} of {len(runs)}",
                f"{statistics.median(solved):,.0f}" if solved else "-",
                list_seeds(run.final_bits for run in runs),
            ]
        )
    return format_markdown(lines)


def generalizing_table(records: Sequence[Record], labels: Sequence[str]) -> str:
    """Return the wrong bits of every seed at every point as Markdown.

    Args:
        records: Those of a variant one after the other.
        labels: The points, in order.
    """
    lines = [["variant", f"perfect at {' and '.join(labels)}", *labels]]
    for variant, runs in _by_variant(records):
        perfect = sum(all(run.wrong_bits[label] == 0 for label in labels) for run in runs)
        cells = [list_seeds(run.wrong_bits[label] for run in runs) for label in labels]
        lines.append([variant, f"{perfect} of {len(runs)}", *cells])
    return format_markdown(lines)


def _by_variant(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    groups = itertools.groupby(records, lambda record: record.variant)
    return [(variant, list(runs)) for variant, runs in groups]


def _changes(changes: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in changes.items()) or "nothing"
