"""Standing over all tasks: normalized scores, their interquartile mean, who beats whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.aggregates import (
    Interval,
    bootstrap_runs,
    interquartile_mean,
    probability_of_improvement,
)
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.references import TRACK, References
from ntm_gym.leaderboard.scores import oracle_results


class Standing(NamedTuple):
    """An agent over all the suites that it has entered.

    Attributes:
        name: Of the agent.
        track: Of its entries.
        suites: Names of the suites.
        score: Interquartile mean of the normalized scores of all runs on all suites.
        improvement: Probability that a run beats one of the baseline on the same suite; None
            where the baseline has not entered all of the agent's suites.
    """

    name: str
    track: str
    suites: list[str]
    score: Interval
    improvement: Interval | None


def normalized_score(suite: Suite, points: Mapping[str, PointResult]) -> float:
    """Return a run's score: 1 for the oracle, 0 for a coin.

    Wrong bits are counted, not costs: they are bounded, and every agent has them. A coin is
    wrong in half of the bits. The mean over the suite's points.

    Args:
        suite: What the run was judged on.
        points: Its raw results by label.
    """
    scores = []
    for label, oracle in oracle_results(suite).points.items():
        coin = oracle.target_bits_per_sequence.mean() / 2
        best = oracle.bit_errors_per_sequence.mean()
        found = points[label].bit_errors_per_sequence.mean()
        scores.append((coin - found) / (coin - best))
    return float(np.mean(scores))


def rank(
    entries: Sequence[Entry], baseline: str, references: Sequence[References] = ()
) -> list[Standing]:
    """Compare agents over all tasks.

    Args:
        entries: Any; those of one name and track are one agent's.
        baseline: Name of an agent, or how its name begins; the first one counts. Reference
            agents are compared with the supervised one.
        references: Agents whose scores are known.

    Returns:
        The agents: those on most suites first, and the best of them before the others;
        reference agents come last.
    """
    agents: dict[tuple[str, str], dict[str, NDArray[np.float64]]] = {}
    theirs: dict[tuple[str, str], NDArray[np.float64]] = {}
    for entry in entries:
        scores = np.array([normalized_score(entry.suite, run.points) for run in entry.runs])
        agents.setdefault((entry.name, entry.track), {})[entry.suite.name] = scores
        if entry.name.startswith(baseline):
            theirs.setdefault((entry.track, entry.suite.name), scores)
            if entry.track == "supervised":
                theirs.setdefault((TRACK, entry.suite.name), scores)
    for reference in references:
        for name, points in reference.agents.items():
            score = np.array([normalized_score(reference.suite, points)])
            agents.setdefault((name, TRACK), {})[reference.suite.name] = score
    standings = [
        Standing(
            name,
            track,
            sorted(suites),
            bootstrap_runs(interquartile_mean, list(suites.values())),
            bootstrap_runs(
                probability_of_improvement,
                list(suites.values()),
                [theirs[track, suite] for suite in suites],
            )
            if all((track, suite) in theirs for suite in suites)
            else None,
        )
        for (name, track), suites in agents.items()
    ]
    return sorted(
        standings,
        key=lambda standing: (
            standing.track == TRACK,
            -len(standing.suites),
            -standing.score.mean,
        ),
    )
