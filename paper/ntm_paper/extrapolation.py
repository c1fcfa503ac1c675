"""Extrapolation: the same weights on longer episodes than the paper tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import SequenceAgent, resize
from ntm_gym.evaluation.metrics import cost_in_bits
from ntm_gym.evaluation.suites import Point, Suite

_EPISODES_AT_ONCE = 100


@dataclasses.dataclass(frozen=True)
class Challenge:
    """What the networks of a task are tried on, past what they are judged on.

    Attributes:
        suite: The episodes.
        memory_sizes: Locations of the memory by label; as trained where absent.
    """

    suite: Suite
    memory_sizes: Mapping[str, int] = dataclasses.field(default_factory=dict)


def _exactly(name: str, value: int) -> dict[str, int]:
    return {f"min_{name}": value, f"max_{name}": value}


def _suite(name: str, *points: Point) -> Suite:
    return Suite(f"beyond {name}", 1, points, seed=2015)


CHALLENGES: Mapping[str, Challenge] = MappingProxyType(
    {
        "copy": Challenge(
            _suite(
                "copy",
                *(Point(str(n), "copy", _exactly("length", n)) for n in (200, 500, 1000)),
            ),
            {"200": 256, "500": 512, "1000": 1024},
        ),
        "repeat_copy": Challenge(
            _suite(
                "repeat_copy",
                *(
                    Point(
                        f"{length} x {repeats}",
                        "repeat_copy",
                        {**_exactly("length", length), **_exactly("repeats", repeats)},
                    )
                    for length, repeats in ((10, 11), (10, 15), (10, 20), (20, 10), (20, 20))
                ),
            )
        ),
        "associative_recall": Challenge(
            _suite(
                "associative_recall",
                *(
                    Point(str(n), "associative_recall", _exactly("items", n))
                    for n in (20, 25, 30, 40)
                ),
            )
        ),
    }
)
"""By the name of the task's suite. N-grams and sort are tried past the paper there."""


@dataclasses.dataclass(frozen=True)
class ExtrapolationResult:
    """Means over the episodes of a point.

    Attributes:
        bits_per_sequence: Cross-entropy in bits.
        exact_rate: Part of the episodes without a wrong bit.
        bit_errors_by_channel: Wrong bits per sequence in each bit of the answers (O); repeat
            copy's last one is the end marker.
    """

    bits_per_sequence: float
    exact_rate: float
    bit_errors_by_channel: list[float]

    def to_json(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return dataclasses.asdict(self)


def extrapolate(
    agent: SequenceAgent,
    challenge: Challenge,
    episodes: int | None = None,
    on_point: Callable[[str], None] = lambda label: None,
) -> dict[str, ExtrapolationResult]:
    """Try an agent on a challenge.

    Args:
        agent: The agent.
        challenge: The episodes.
        episodes: How many of its episodes a point; all if None.
        on_point: Called with each point's label when the point is done.

    Returns:
        Results by label.

    Raises:
        ValueError: If its memory must grow and cannot.
    """
    results = {}
    for point in challenge.suite.points:
        size = challenge.memory_sizes.get(point.label)
        keys = challenge.suite.keys(point, episodes)
        results[point.label] = _play(
            agent if size is None else resize(agent, size), point, keys
        )
        on_point(point.label)
    return results


def _play(agent: SequenceAgent, point: Point, keys: NDArray[np.uint64]) -> ExtrapolationResult:
    task = point.make_task()
    costs, errors = [], []
    for first in range(0, len(keys), _EPISODES_AT_ONCE):
        episodes = task.sample(keys[first : first + _EPISODES_AT_ONCE])
        scored = episodes.target_mask
        probabilities = agent.predict_sequences(episodes.inputs)
        cost = np.where(scored, cost_in_bits(probabilities, episodes.targets), 0.0)
        wrong = ((probabilities > 0.5) != episodes.targets) & scored[..., None]
        costs.append(cost.sum(1))
        errors.append(wrong.sum(1))
    by_channel = np.concatenate(errors)
    return ExtrapolationResult(
        float(np.concatenate(costs).mean()),
        float((by_channel.sum(1) == 0).mean()),
        [float(mean) for mean in by_channel.mean(0)],
    )
