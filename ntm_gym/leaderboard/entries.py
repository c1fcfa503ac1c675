"""Entries: what an agent scored, run by run, and the checkpoints that did.

An entry is a folder ``TRACK/NAME`` with an ``entry.json`` and one checkpoint for each training
seed. It names no code: which networks may be built is decided by whoever verifies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.files import write_atomically
from ntm_gym.leaderboard.schema import Curve, EntryFields, RunFields, fields_of
from ntm_gym.leaderboard.weights import Weights

TRAINING_SEEDS = (1, 2, 3, 4, 5)
"""The board's: nobody chooses the seeds that went well."""
MOST_SEEDS = 10
"""An entry may go on to 6, 7, … up to this one, and then leaves none out either."""


def expected_seeds(seeds: Iterable[int]) -> range:
    """Return the training seeds that an entry must have or list as missing.

    Args:
        seeds: Those that it has.

    Example:
        >>> list(expected_seeds([1, 7]))
        [1, 2, 3, 4, 5, 6, 7]
    """
    return range(TRAINING_SEEDS[0], max(*TRAINING_SEEDS, *seeds) + 1)


class Run(RunFields, frozen=True, kw_only=True):
    """One training seed.

    Attributes:
        points: Raw results by the suite's labels.
        curve: The learning curve.
        weights: What tells its weights from others; None before they were read.
    """

    points: dict[str, PointResult]
    curve: Curve | None = None
    weights: Weights | None = None


class Entry(EntryFields, frozen=True, kw_only=True):
    """A competitor.

    Attributes:
        suite: What it was judged on.
        runs: One for each training seed; ``missing_seeds`` says which of the board's seeds
            are not there, so that none gets lost.
    """

    suite: Suite
    runs: tuple[Run, ...]

    @property
    def sequences(self) -> int:
        """Sequences that the longest run was trained on."""
        return max(run.sequences for run in self.runs)

    @property
    def missing_seeds(self) -> list[int]:
        """The training seeds that are expected and have no run."""
        seeds = [run.train_seed for run in self.runs]
        return sorted(set(expected_seeds(seeds)) - set(seeds))

    @property
    def num_seeds(self) -> int:
        """How many training seeds are expected, with or without a run."""
        return len(self.runs) + len(self.missing_seeds)

    def to_json(self) -> dict[str, Any]:
        """Return the entry, ready for JSON."""
        runs = [
            fields_of(run, RunFields)
            | {"points": {label: point.to_json() for label, point in run.points.items()}}
            for run in self.runs
        ]
        return {
            **fields_of(self, EntryFields),
            "suite": self.suite.reference(),
            "missing_seeds": self.missing_seeds,
            "runs": runs,
        }


def write_entry(folder: Path, entry: Entry) -> None:
    """Write ``entry.json`` into a folder that holds the checkpoints already.

    Every list of numbers stands on a line of its own.
    """
    text = json.dumps(entry.to_json(), indent=1, allow_nan=False)
    text = re.sub(r"\[[-+.,\s\de]*\]", lambda match: re.sub(r"\s+", "", match[0]), text)
    write_atomically(folder / "entry.json", (text + "\n").encode())
