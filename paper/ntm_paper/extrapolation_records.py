"""Results of extrapolation, as data and as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ntm_gym.files import read_json, write_json
from ntm_gym.markdown import format_markdown, list_seeds
from ntm_paper.extrapolation import CHALLENGES, ExtrapolationResult


@dataclasses.dataclass(frozen=True)
class ExtrapolationRun:
    """One training seed.

    Attributes:
        train_seed: The seed.
        sha256: Of the weights.
        points: Results by label.
    """

    train_seed: int
    sha256: str
    points: dict[str, ExtrapolationResult]


@dataclasses.dataclass(frozen=True)
class ExtrapolationRecord:
    """One entry.

    Attributes:
        name: Of the agent.
        suite: Name of the suite that it entered.
        episodes: Episodes a point.
        runs: One for each training seed.
    """

    name: str
    suite: str
    episodes: int
    runs: Sequence[ExtrapolationRun]


def write_record(path: Path, record: ExtrapolationRecord) -> None:
    """Keep a record as data."""
    challenge = CHALLENGES[record.suite]
    data = {**dataclasses.asdict(record), "challenge": challenge.suite.reference()}
    write_json(path, data)


def read_record(path: Path) -> ExtrapolationRecord:
    """Read what `write_record` has written.

    Raises:
        ValueError: If the challenge's episodes have changed since.
    """
    data = read_json(path)
    if data.pop("challenge") != CHALLENGES[data["suite"]].suite.reference():
        raise ValueError(f"{path} is of other episodes than now; remove it")
    runs = [
        ExtrapolationRun(
            run["train_seed"],
            run["sha256"],
            {label: ExtrapolationResult(**point) for label, point in run["points"].items()},
        )
        for run in data.pop("runs")
    ]
    return ExtrapolationRecord(**data, runs=runs)


def extrapolation_table(records: Sequence[ExtrapolationRecord]) -> str:
    """Return records as Markdown: wrong bits of all seeds, and how many episodes are perfect.

    Where an answer has an end marker, its wrong bits stand beside those of the content.
    """
    head = ["agent", "task", "point", "memory", "wrong bits by seed", "perfect episodes, %"]
    lines = [head]
    for record in records:
        challenge = CHALLENGES[record.suite]
        for point in challenge.suite.points:
            results = [run.points[point.label] for run in record.runs]
            size = challenge.memory_sizes.get(point.label)
            lines.append(
                [
                    record.name,
                    record.suite,
                    point.label,
                    "as trained" if size is None else f"{size:,}",
                    _wrong_bits(record.suite, results),
                    list_seeds(100 * result.exact_rate for result in results),
                ]
            )
    return format_markdown(lines)


def _wrong_bits(suite: str, results: Sequence[ExtrapolationResult]) -> str:
    channels = [result.bit_errors_by_channel for result in results]
    if suite != "repeat_copy":
        return list_seeds(sum(each) for each in channels)
    content = list_seeds(sum(each[:-1]) for each in channels)
    return f"{content}; end marker {list_seeds(each[-1] for each in channels)}"
