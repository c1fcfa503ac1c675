"""Entries: what an agent scored, run by run, and the checkpoints that did.

An entry is a folder ``TRACK/NAME`` with an ``entry.json`` and one checkpoint for each training
seed. It names no code: which networks may be built is decided by whoever verifies.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.files import write_atomically
from ntm_gym.leaderboard.curves import Curve
from ntm_gym.leaderboard.fields import (
    AMOUNT,
    AMOUNT_OR_NONE,
    COUNT,
    COUNT_OR_NONE,
    SHA256,
    SHA256_OR_NONE,
    TEXT,
    TEXTS,
)
from ntm_gym.leaderboard.weights import Weights

FORMAT = 1
TRACKS = ("supervised", "reward-only")
TRAINING_SEEDS = (1, 2, 3, 4, 5)
"""The board's: nobody chooses the seeds that went well."""
MOST_SEEDS = 10
"""An entry may go on to 6, 7, … up to this one, and then leaves none out either."""

ENTRY_FIELDS = {
    "name": TEXT,
    "track": TEXT,
    "authors": TEXT,
    "link": TEXT,
    "licence": TEXT,
    "commit": TEXT,
    "machine": TEXT,
    "versions": TEXTS,
    "parameters": COUNT,
    "memory_size": COUNT_OR_NONE,
}
RUN_FIELDS = {
    "train_seed": COUNT,
    "sequences": COUNT,
    "updates": COUNT,
    "wall_time_s": AMOUNT,
    "cpu_time_s": AMOUNT_OR_NONE,
    "command": TEXT,
    "checkpoint": TEXT,
    "sha256": SHA256,
    "description_sha256": SHA256,
    "curve_sha256": SHA256_OR_NONE,
}
DESCRIBED = ("train_seed", "sequences", "updates", "wall_time_s", "cpu_time_s", "command")
"""Fields of a run that its checkpoint's description holds as well."""


def asked_seeds(seeds: Iterable[int]) -> range:
    """Return the training seeds that an entry must have or list as missing.

    Args:
        seeds: Those that it has.

    Example:
        >>> list(asked_seeds([1, 7]))
        [1, 2, 3, 4, 5, 6, 7]
    """
    return range(TRAINING_SEEDS[0], max(*TRAINING_SEEDS, *seeds) + 1)


@dataclasses.dataclass(frozen=True)
class Run:
    """One training seed.

    Attributes:
        train_seed: The seed, one of the board's.
        sequences: Sequences trained on.
        updates: Steps of the optimizer.
        wall_time_s: Seconds of training.
        command: That trained it.
        checkpoint: File name of its weights, beside the entry; ``.json`` describes them.
        sha256: Of the weights.
        description_sha256: Of the description.
        points: Raw results by the suite's labels.
        curve_sha256: Of the learning curve, ``.curve.json``; None if there is none.
        curve: The learning curve.
        weights: What tells its weights from others; None before they were read.
        cpu_time_s: Seconds of a processor, less than ``wall_time_s`` where it had other work;
            None if it was not measured.
    """

    train_seed: int
    sequences: int
    updates: int
    wall_time_s: float
    command: str
    checkpoint: str
    sha256: str
    description_sha256: str
    points: dict[str, PointResult]
    curve_sha256: str | None = None
    curve: Curve | None = None
    cpu_time_s: float | None = None
    weights: Weights | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A competitor.

    Attributes:
        name: What the table calls it.
        track: ``"supervised"`` or ``"reward-only"``.
        authors: Who made it.
        link: Where it is described; may be empty.
        licence: Of code and weights.
        commit: Of the code that trained it; may be empty.
        machine: That trained it.
        versions: Of what it was trained with, by name.
        parameters: Trainable numbers.
        memory_size: Locations of its memory; None if it has none of its own.
        suite: What it was judged on.
        runs: One for each training seed; ``missing_seeds`` says which of those that were
            asked for are not there, so that none gets lost.
    """

    name: str
    track: str
    authors: str
    link: str
    licence: str
    commit: str
    machine: str
    versions: dict[str, str]
    parameters: int
    memory_size: int | None
    suite: Suite
    runs: tuple[Run, ...]

    @property
    def sequences(self) -> int:
        """Sequences that the longest run was trained on."""
        return max(run.sequences for run in self.runs)

    @property
    def missing_seeds(self) -> list[int]:
        """The training seeds without a run that were asked for."""
        seeds = [run.train_seed for run in self.runs]
        return sorted(set(asked_seeds(seeds)) - set(seeds))

    @property
    def num_seeds(self) -> int:
        """How many training seeds were asked for, with or without a run."""
        return len(self.runs) + len(self.missing_seeds)

    def to_json(self) -> dict[str, Any]:
        """Return the entry, ready for JSON."""
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in ENTRY_FIELDS},
            "suite": self.suite.reference(),
            "missing_seeds": self.missing_seeds,
            "runs": [
                {
                    **{name: getattr(run, name) for name in RUN_FIELDS},
                    "points": {label: point.to_json() for label, point in run.points.items()},
                }
                for run in self.runs
            ],
        }


def write_entry(folder: Path, entry: Entry) -> None:
    """Write ``entry.json`` into a folder that holds the checkpoints already.

    Every list of numbers stands on a line of its own.
    """
    text = json.dumps(entry.to_json(), indent=1, allow_nan=False)
    text = re.sub(r"\[[-+.,\s\de]*\]", lambda match: re.sub(r"\s+", "", match[0]), text)
    write_atomically(folder / "entry.json", (text + "\n").encode())
