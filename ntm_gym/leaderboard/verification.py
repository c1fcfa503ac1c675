"""Verification: play an entry's checkpoints again and compare."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.leaderboard.entries import Entry, Run

TRUSTED_NETWORKS = frozenset({"ntm_agents:NTM", "ntm_baselines:LSTM"})
"""Networks that a checkpoint may name without being asked for."""

ABSOLUTE_TOLERANCE = 1e-4
RELATIVE_TOLERANCE = 1e-3
"""Means may differ by as much between machines: where a network has lost its way, rounding
decides which of its answers are wrong."""


def load_agent(checkpoint: Path, trusted: Collection[str] = TRUSTED_NETWORKS) -> Agent:
    """Return the agent of a checkpoint.

    Args:
        checkpoint: A published checkpoint.
        trusted: Names of networks that may be imported.

    Raises:
        ValueError: If the checkpoint is damaged or names a network that is not trusted.
        ModuleNotFoundError: If torch is absent; it comes with the extra ``agents``.
    """
    loader: Callable[[Path, Collection[str]], Agent] = importlib.import_module(
        "ntm_agents"
    ).load_agent
    return loader(checkpoint, trusted)


def play_again(
    entry: Entry,
    run: Run,
    folder: Path,
    episodes: int | None = None,
    trusted: Collection[str] = TRUSTED_NETWORKS,
    on_point: Callable[[str], None] = lambda label: None,
) -> Results:
    """Evaluate the checkpoint of one run on the entry's suite.

    Args:
        entry: The entry.
        run: One of its runs.
        folder: The entry's folder.
        episodes: Episodes a point; all if None.
        trusted: Names of networks that may be imported.
        on_point: Called with each point's label when the point is done.

    Returns:
        Fresh results.
    """
    agent = load_agent(folder / run.checkpoint, trusted)
    return evaluate(agent, entry.suite, episodes, on_point=on_point)


def first_difference(run: Run, fresh: Results) -> str | None:
    """Compare what a run claims with what was found, on the episodes that were played.

    Args:
        run: With its claims.
        fresh: What was found now.

    Returns:
        A line that names the first difference, or None.
    """
    for label, found in fresh.points.items():
        claimed = run.points[label].first(len(found.bit_errors_per_sequence))
        for name in ("bits_per_sequence", "bit_errors_per_sequence"):
            here, there = _mean(found, name), _mean(claimed, name)
            if abs(here - there) > ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * abs(there):
                return (
                    f"seed {run.train_seed}, point {label}: {name} is {here:.6g} "
                    f"here, the entry says {there:.6g}"
                )
    return None


def _mean(point: PointResult, name: str) -> float:
    values = getattr(point, name)
    return float("nan") if values is None else float(np.mean(values))
