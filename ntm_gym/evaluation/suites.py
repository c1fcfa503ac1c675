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
    """Points in order, each judged on the same keys.

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

    def keys(self, count: int | None = None) -> NDArray[np.uint64]:
        """Return the first keys of every point.

        Args:
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
        return derive_keys(self.seed, _EVALUATION, 0, count)

    def hash(self) -> str:
        """Return a fingerprint of all that decides the episodes."""
        canonical = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


_COPY = Suite(
    "copy",
    1,
    (
        Point("1-20", "copy", {}),
        *(
            Point(str(length), "copy", {"min_length": length, "max_length": length})
            for length in (10, 20, 30, 50, 80, 120)
        ),
    ),
)

SUITES: Mapping[str, Suite] = MappingProxyType({suite.name: suite for suite in (_COPY,)})


def find_suite(name: str) -> Suite:
    """Return a suite.

    Raises:
        ValueError: If there is no suite of this name.
    """
    if name not in SUITES:
        raise ValueError(f"the suite must be one of {', '.join(SUITES)}, not {name!r}")
    return SUITES[name]
