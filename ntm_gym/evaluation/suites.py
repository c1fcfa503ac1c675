"""Suites: which episodes an agent is judged on. Data, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.registration import RECORDS
from ntm_gym.tasks import Task, make_task
from ntm_gym.tasks.keyed_random import derive_keys

_EVALUATION = 1
_KEYS_APART = 2**32


@dataclasses.dataclass(frozen=True)
class Point:
    """One difficulty.

    Attributes:
        label: What tables call it.
        task: Name of the task.
        parameters: Parameters of the task; the paper's where absent.
    """

    label: str
    task: str
    parameters: Mapping[str, Any]

    def make_task(self) -> Task:
        """Build the task."""
        return make_task(self.task, **self.parameters)


@dataclasses.dataclass(frozen=True)
class Suite:
    """Points in order, each judged on keys of its own.

    Attributes:
        name: What it is called on the command line.
        version: Raised when an episode changes.
        points: The first is the range that agents are trained on.
        num_episodes: Episodes at each point.
        seed: Decides the episodes' keys.
    """

    name: str
    version: int
    points: tuple[Point, ...]
    num_episodes: int = 1_000
    seed: int = 2014

    @property
    def trained(self) -> Point:
        """The range that agents are trained on."""
        return self.points[0]

    def find_point(self, label: str) -> Point:
        """Return the point with a label.

        Raises:
            ValueError: If there is none.
        """
        for point in self.points:
            if point.label == label:
                return point
        labels = ", ".join(repr(point.label) for point in self.points)
        raise ValueError(f"suite {self.name!r} has the points {labels}, not {label!r}")

    def keys(self, point: Point, count: int | None = None) -> NDArray[np.uint64]:
        """Return the first keys of a point.

        Args:
            point: One of the suite's points.
            count: How many; all if None.

        Raises:
            ValueError: If there are fewer.
        """
        count = self.num_episodes if count is None else count
        if not 1 <= count <= self.num_episodes:
            raise ValueError(
                f"suite {self.name!r} has 1 to {self.num_episodes} episodes a point, "
                f"not {count}"
            )
        start = self.points.index(point) * _KEYS_APART
        return derive_keys(self.seed, _EVALUATION, start, count)

    def hash(self) -> str:
        """Return a fingerprint of all that decides the episodes, defaults of tasks included."""
        data = dataclasses.asdict(self) | {"stream": _EVALUATION, "keys_apart": _KEYS_APART}
        for point, entry in zip(self.points, data["points"], strict=True):
            entry["parameters"] = point.make_task().parameters()
        canonical = json.dumps(data, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def __hash__(self) -> int:
        """Return the fingerprint as a number."""
        return int(self.hash(), 16)

    def reference(self) -> dict[str, Any]:
        """Return what a result says of the suite it was made on."""
        return {"name": self.name, "version": self.version, "hash": self.hash()}


class _Suites(Mapping[str, Suite]):
    """The suite of every task that is registered, made from its record."""

    def __getitem__(self, name: str) -> Suite:
        record = RECORDS[name]
        points = {record.trained_label: record.standard.parameters, **record.tested}
        return Suite(
            name,
            record.suite_version,
            tuple(Point(label, name, dict(given)) for label, given in points.items()),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(RECORDS)

    def __len__(self) -> int:
        return len(RECORDS)


SUITES: Mapping[str, Suite] = _Suites()
"""By the name of the task."""


def find_suite(name: str) -> Suite:
    """Return a suite.

    Raises:
        ValueError: If there is no suite of this name.
    """
    if name not in SUITES:
        raise ValueError(f"the suite must be one of {', '.join(SUITES)}, not {name!r}")
    return SUITES[name]
