"""Recorded episodes: an agent's action at every step, and what its memory did."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import Agent, ProbabilisticAgent, SequenceAgent, TracingAgent
from ntm_gym.evaluation.suites import Suite
from ntm_gym.tasks import Episodes

MOST_STEPS = 128

_LEVELS = 255
_IN_USE = 0.05


class Episode(NamedTuple):
    """An episode to be played on the page.

    Attributes:
        label: Of the suite's point it belongs to.
        inputs: Shape ``(T, I)``.
        targets: Shape ``(T, O)``.
        scored: Steps that are scored, shape ``(T,)``.
    """

    label: str
    inputs: NDArray[np.float32]
    targets: NDArray[np.int8]
    scored: NDArray[np.bool_]

    def to_json(self) -> dict[str, Any]:
        """Return what the page draws."""
        return {
            "label": self.label,
            "inputs": pack(self.inputs),
            "targets": pack(self.targets),
            "scored": self.scored.tolist(),
        }


def choose_episodes(suite: Suite) -> list[Episode]:
    """Return the first episode of the range that agents are trained on, and a harder one.

    The harder one is of the last point whose first episode has at most `MOST_STEPS` steps;
    longer episodes are cut.

    Args:
        suite: The suite.
    """
    firsts = [
        (point.label, point.make_task().sample(suite.keys(point, 1))) for point in suite.points
    ]
    short = [first for first in firsts[1:] if first[1].lengths[0] <= MOST_STEPS]
    return [_cut(label, episodes) for label, episodes in firsts[:1] + short[-1:]]


def _cut(label: str, episodes: Episodes) -> Episode:
    steps = slice(min(int(episodes.lengths[0]), MOST_STEPS))
    return Episode(
        label,
        episodes.inputs[0, steps],
        episodes.targets[0, steps],
        episodes.target_mask[0, steps],
    )


def record(agent: Agent, episode: Episode) -> dict[str, Any]:
    """Let an agent play an episode and keep what can be seen of it.

    Args:
        agent: The agent.
        episode: What it plays.

    Returns:
        Actions, and the memory's locations in use; ready for JSON.
    """
    inputs = episode.inputs[None]
    trace = agent.trace_memory(inputs) if isinstance(agent, TracingAgent) else None
    return {
        "actions": pack(_actions(agent, inputs)[0]),
        "memory": None if trace is None else _memory(trace),
    }


def _actions(agent: Agent, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the action at every step, bits or their probabilities, shape ``(1, T, O)``."""
    if isinstance(agent, SequenceAgent):
        return agent.predict_sequences(inputs)
    actions: list[NDArray[Any]] = []
    state = None
    for t in range(inputs.shape[1]):
        begins = np.array([t == 0])
        if isinstance(agent, ProbabilisticAgent):
            action, state = agent.predict_probabilities(inputs[:, t], state, begins)
        else:
            action, state = agent.predict(inputs[:, t], state, begins)
        actions.append(action)
    return np.stack(actions, axis=1).astype(np.float64)


def _memory(trace: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the locations in use held, and how far each head was at each."""
    read, write = trace["read_weightings"][0], trace["write_weightings"][0]
    used = locations_in_use(np.concatenate([read, write], axis=1).max((0, 1)))
    return {
        "locations": used.tolist(),
        "size": read.shape[-1],
        "words": pack(trace["memory"][0][:, used]),
        "read": pack(read[..., used]),
        "write": pack(write[..., used]),
    }


def locations_in_use(peaks: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the locations that a head ever was at, in order on the circle of locations.

    The order begins after the longest stretch that no head has visited.

    Args:
        peaks: The largest weight that each location ever had, shape ``(N,)``.

    Example:
        >>> locations_in_use(np.array([0.9, 0.0, 0.0, 0.0, 0.8])).tolist()
        [4, 0]
    """
    used = np.flatnonzero(peaks >= min(_IN_USE, peaks.max()))
    gaps = np.diff(np.append(used, used[0] + len(peaks)))
    return np.roll(used, -(int(gaps.argmax()) + 1))


def pack(values: NDArray[Any]) -> dict[str, Any]:
    """Return an array as text: a byte for each number, spread evenly over their range.

    Args:
        values: Any shape.
    """
    low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
    levels = np.rint((np.asarray(values, np.float64) - low) / (high - low) * _LEVELS)
    return {
        "shape": list(values.shape),
        "low": low,
        "high": high,
        "bytes": base64.b64encode(levels.astype(np.uint8).tobytes()).decode(),
    }
