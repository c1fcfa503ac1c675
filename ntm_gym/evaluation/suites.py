"""Suites: which episodes an agent is judged on. Data, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def _fixed(**parameters: int) -> dict[str, int]:
    """Return parameters whose range is a single value: ``x`` sets ``min_x`` and ``max_x``."""
    return {
        f"{end}_{name}": value for name, value in parameters.items() for end in ("min", "max")
    }


_COPY = Suite(
    "copy",
    1,
    (
        Point("1-20", "copy", {}),
        *(Point(str(n), "copy", _fixed(length=n)) for n in (10, 20, 30, 50, 80, 120)),
    ),
)
_REPEAT_COPY = Suite(
    "repeat_copy",
    1,
    (
        Point("1-10 x 1-10", "repeat_copy", {}),
        Point("10 x 10", "repeat_copy", _fixed(length=10, repeats=10)),
        Point("20 x 10", "repeat_copy", _fixed(length=20, repeats=10)),
        Point("10 x 20", "repeat_copy", _fixed(length=10, repeats=20)),
    ),
)
_ASSOCIATIVE_RECALL = Suite(
    "associative_recall",
    1,
    (
        Point("2-6", "associative_recall", {}),
        *(Point(str(n), "associative_recall", _fixed(items=n)) for n in (6, 10, 12, 15, 20)),
    ),
)
_NGRAM = Suite(
    "ngram",
    1,
    (Point("200", "ngram", {}), Point("1000", "ngram", {"sequence_length": 1000})),
)
_PRIORITY_SORT = Suite(
    "priority_sort",
    1,
    (
        Point("20 to 16", "priority_sort", {}),
        Point("40 to 32", "priority_sort", {"num_inputs": 40, "num_outputs": 32}),
    ),
)

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (_COPY, _REPEAT_COPY, _ASSOCIATIVE_RECALL, _NGRAM, _PRIORITY_SORT)
    }
)


def find_suite(name: str) -> Suite:
    """Return a suite.

    Raises:
        ValueError: If there is no suite of this name.
    """
    if name not in SUITES:
        raise ValueError(f"the suite must be one of {', '.join(SUITES)}, not {name!r}")
    return SUITES[name]
