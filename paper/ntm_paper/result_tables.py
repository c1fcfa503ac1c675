"""Ours beside the paper's, as Markdown: results, length generalization, costs."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from ntm_gym.leaderboard.entries import Run
from ntm_gym.leaderboard.tables import format_interval, seeds_words
from ntm_gym.markdown import format_markdown, list_seeds, short
from ntm_gym.registration import RECORDS
from ntm_paper.collection import AGENTS
from ntm_paper.rows import PaperRow


def compact_table(rows: Sequence[PaperRow]) -> str:
    """Return the cost in the trained range beside the paper's, short enough for a README."""
    lines = [["task", "network", "ours: median", "95 % interval", "paper", "seeds"]]
    for row in rows:
        label = row.labels[0]
        interval = row.interval(label)
        lines.append(
            [
                RECORDS[row.recipe.task].title,
                AGENTS[row.recipe.network],
                short(statistics.median(row.seed_bits(label))),
                f"{short(interval.low)} to {short(interval.high)}",
                _paper(row, label),
                seeds_words(len(row.entry.runs), row.entry.num_seeds),
            ]
        )
    return format_markdown(lines)


def results_table(rows: Sequence[PaperRow]) -> str:
    """Return the cost in the trained range beside the paper's."""
    head = ["task", "network", "paper", "ours: median", "mean and interval", "seeds", "by seed"]
    lines = [head]
    for row in rows:
        label = row.labels[0]
        seeds = row.seed_bits(label)
        lines.append(
            [
                row.recipe.task,
                AGENTS[row.recipe.network],
                _paper(row, label),
                short(statistics.median(seeds)),
                format_interval(row.interval(label)),
                seeds_words(len(row.entry.runs), row.entry.num_seeds),
                list_seeds(seeds),
            ]
        )
    return format_markdown(lines)


def past_table(rows: Sequence[PaperRow]) -> str:
    """Return cost and wrong bits of every seed past the trained range."""
    lines = [["task", "network", "point", "paper: bits", "bits by seed", "wrong bits by seed"]]
    for row in rows:
        for label in row.labels[1:]:
            lines.append(
                [
                    row.recipe.task,
                    AGENTS[row.recipe.network],
                    label,
                    _paper(row, label),
                    list_seeds(row.seed_bits(label)),
                    list_seeds(row.seed_errors(label)),
                ]
            )
    return format_markdown(lines)


def against_lstm_table(rows: Sequence[PaperRow]) -> str:
    """Return every NTM beside the LSTM, and whether their intervals are apart."""
    lines = [["task", "network", "bits", "LSTM's bits", "better, intervals apart"]]
    for _, group in itertools.groupby(rows, lambda row: row.recipe.task):
        by_network = {row.recipe.network: row for row in group}
        lstm = by_network.pop("lstm", None)
        for network, row in by_network.items():
            label = row.labels[0]
            ours = row.interval(label)
            theirs = None if lstm is None else lstm.interval(label)
            lines.append(
                [
                    row.recipe.task,
                    AGENTS[network],
                    format_interval(ours),
                    "not trained" if theirs is None else format_interval(theirs),
                    "-" if theirs is None else "yes" if ours.high < theirs.low else "**no**",
                ]
            )
    return format_markdown(lines)


def costs_table(rows: Sequence[PaperRow]) -> str:
    """Return for every row its command, its training sequences and the time of one seed."""
    lines = [["command", "sequences", "minutes a seed", "machine"]]
    for row in rows:
        minutes = statistics.median(_seconds(run) for run in row.entry.runs) / 60
        lines.append(
            [
                f"`make reproduce ONLY={row.recipe.recipe}`",
                f"{row.entry.sequences:,}",
                f"{minutes:.1f}",
                row.entry.machine,
            ]
        )
    ntm = [row for row in rows if row.recipe.network != "lstm"]
    seconds = (statistics.median(_seconds(run) for run in row.entry.runs) for row in ntm)
    total = f"{sum(seconds) / 60:.0f}"
    lines.append([f"one seed of these {len(ntm)} NTM rows", "", total, ""])
    return format_markdown(lines)


def _paper(row: PaperRow, label: str) -> str:
    bits = row.paper_bits(label)
    return "-" if bits is None else f"{bits:.3g}"


def _seconds(run: Run) -> float:
    """Return a run's processor time, or its wall time where the other was not measured."""
    return run.wall_time_s if run.cpu_time_s is None else run.cpu_time_s
