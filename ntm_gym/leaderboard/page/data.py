"""What the page shows: everything that is computed, before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ntm_gym.evaluation import suites
from ntm_gym.evaluation.aggregates import BOOTSTRAP_SEED, RESAMPLES, Interval, bootstrap_mean
from ntm_gym.evaluation.loading import (
    load_checkpoint_agent,
)
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard import TRACKS
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.page.recordings import choose_episodes, record
from ntm_gym.leaderboard.references import TRACK, References
from ntm_gym.leaderboard.scores import oracle_results
from ntm_gym.leaderboard.standings import rank
from ntm_gym.leaderboard.tables import METRICS
from ntm_gym.leaderboard.verification import replay


def page_data(
    board: Sequence[tuple[Path, Entry]],
    references: Sequence[References],
    baseline: str,
    episodes: int,
    trusted: Collection[str],
    loader: str | None = None,
    on_agent: Callable[[str], None] = lambda name: None,
) -> dict[str, Any]:
    """Compute intervals, verify a sample of every entry, and record episodes.

    Args:
        board: Folders and entries.
        references: Agents whose scores are known.
        baseline: The agent that others are compared with; see `rank`.
        episodes: Episodes a point that are played again to verify the entries.
        trusted: Names of networks that may be imported.
        loader: Of checkpoints; see `load_checkpoint_agent`.
        on_agent: Called with each agent's name when it is done.

    Returns:
        An object ready for JSON.
    """
    agents = []
    for folder, entry in board:
        agents.append(_entry(folder, entry, episodes, trusted, loader))
        on_agent(entry.name)
    for reference in references:
        for name, points in reference.agents.items():
            agents.append(_reference(name, reference.suite, points))
            on_agent(name)
    judged = {entry.suite for _, entry in board} | {each.suite for each in references}
    return {
        "baseline": baseline,
        "metrics": METRICS,
        "tracks": [*TRACKS, TRACK],
        "bootstrap": {"resamples": RESAMPLES, "seed": BOOTSTRAP_SEED},
        "suites": [_suite(suite) for suite in suites.SUITES.values() if suite in judged],
        "standings": [
            standing._asdict()
            for standing in rank([entry for _, entry in board], baseline, references)
        ],
        "agents": agents,
    }


def _suite(suite: Suite) -> dict[str, Any]:
    oracle = oracle_results(suite)
    return {
        **suite.reference(),
        "episodesEach": suite.num_episodes,
        "points": [
            {"label": label, "targetBits": float(point.target_bits_per_sequence.mean())}
            for label, point in oracle.points.items()
        ],
        "recorded": [episode.to_json() for episode in choose_episodes(suite)],
    }


def _entry(
    folder: Path, entry: Entry, episodes: int, trusted: Collection[str], loader: str | None
) -> dict[str, Any]:
    replayed = replay(entry, folder, episodes, trusted, loader)
    first = entry.runs[0]
    agent = load_checkpoint_agent(folder / first.checkpoint, trusted, loader)
    about = ("name", "track", "authors", "link", "licence", "commit", "machine", "versions")
    return {
        **{name: getattr(entry, name) for name in about},
        "suite": entry.suite.name,
        "parameters": entry.parameters,
        "memorySize": entry.memory_size,
        "sequences": entry.sequences,
        "seedsExpected": entry.num_seeds,
        "verified": {
            "episodes": episodes,
            "difference": replayed.difference,
        },
        "results": _results([run.points for run in entry.runs]),
        "runs": [
            {
                "seed": run.train_seed,
                "sequences": run.sequences,
                "wallTime": run.wall_time_s,
                "command": run.command,
                "curve": None if run.curve is None else msgspec.structs.astuple(run.curve),
            }
            for run in entry.runs
        ],
        "recordings": [record(agent, episode) for episode in choose_episodes(entry.suite)],
    }


def _reference(name: str, suite: Suite, points: Mapping[str, PointResult]) -> dict[str, Any]:
    agent = REFERENCE_AGENTS[name](suite.trained.make_task())
    return {
        "name": name,
        "track": TRACK,
        "suite": suite.name,
        "results": _results([points]),
        "runs": [],
        "recordings": [record(agent, episode) for episode in choose_episodes(suite)],
    }


def _results(runs: Sequence[Mapping[str, PointResult]]) -> dict[str, list[Interval | None]]:
    """Return an interval for each metric and point."""
    return {
        metric: [_interval([getattr(run[label], metric) for run in runs]) for label in runs[0]]
        for metric in METRICS
    }


def _interval(values: Sequence[Any]) -> Interval | None:
    if any(value is None for value in values):
        return None
    return bootstrap_mean(np.array(values, np.float64))
