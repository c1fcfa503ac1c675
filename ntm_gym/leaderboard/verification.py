"""Verification: play an entry's checkpoints again and compare."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import Agent, MeasuredAgent, Sizes
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import (
    TRUSTED_NETWORKS,
    load_checkpoint_agent,
)
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.entries import Entry, Run

ABSOLUTE_TOLERANCES = {"bits_per_sequence": 1e-4, "bit_errors_per_sequence": 2e-3}
RELATIVE_TOLERANCE = 1e-3
"""Means over all episodes may differ by as much between machines, which round sums differently.
A rounding may send a whole episode another way, and that weighs more in a sample: its total may
differ by as much as that over all episodes."""
PAST_TRAINING_TOLERANCE = 2e-3
"""In place of `RELATIVE_TOLERANCE` past the range that agents are trained on, where small
differences may grow."""


MOST_WORK = 2e13
"""Steps of a whole suite, times what each costs: the parameters and 64 times the numbers of the
state. On one core this takes several hours."""
_WORK_OF_STATE = 64


def measure(agent: Agent) -> Sizes:
    """Return an agent's size, all zero where nothing tells it.

    Args:
        agent: The agent of a checkpoint.
    """
    return agent.measure() if isinstance(agent, MeasuredAgent) else Sizes(0, None, 0)


def check_networks(
    entry: Entry,
    folder: Path,
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str | None = None,
) -> None:
    """Check what an entry claims of its networks, without playing.

    Args:
        entry: The entry.
        folder: Its folder.
        trusted: Names of networks that may be imported.
        loader: Of the checkpoints; see `load_checkpoint_agent`.

    Raises:
        ValueError: If a checkpoint cannot be loaded, has another number of parameters or
            memory locations than is claimed, or would take too long to verify.
    """
    for run in entry.runs:
        path = folder / run.checkpoint
        agent = load_checkpoint_agent(path, trusted, loader)
        if not isinstance(agent, MeasuredAgent):
            continue
        sizes = agent.measure()
        for name in ("parameters", "memory_size"):
            claimed, found = getattr(entry, name), getattr(sizes, name)
            if claimed != found:
                raise ValueError(
                    f"{folder / 'entry.json'}: {name} must be as in {path}, {_or_null(found)}, "
                    f"not {_or_null(claimed)}"
                )
        check_work(str(path), entry.suite, sizes)


def check_work(where: str, suite: Suite, sizes: Sizes) -> None:
    """Check that an agent can be judged on a suite in bearable time.

    Args:
        where: Which agent, for error messages.
        suite: The suite.
        sizes: Of the agent.

    Raises:
        ValueError: If it takes more than `MOST_WORK`.
    """
    work = count_steps(suite) * (sizes.parameters + _WORK_OF_STATE * sizes.state_numbers)
    if work > MOST_WORK:
        raise ValueError(
            f"{where} is too large to be verified on suite {suite.name!r}: "
            f"{sizes.parameters} parameters and a state of {sizes.state_numbers} numbers make "
            f"{work:.0e} operations, more than {MOST_WORK:.0e}"
        )


@functools.cache
def count_steps(suite: Suite) -> int:
    """Return how many steps all episodes of a suite have at most.

    Args:
        suite: The suite.
    """
    longest = (
        int(point.make_task().sample(suite.keys(point)).lengths.max()) for point in suite.points
    )
    return suite.num_episodes * sum(longest)


def _or_null(size: int | None) -> str:
    return "null" if size is None else str(size)


class Replay(NamedTuple):
    """An entry, played again.

    Attributes:
        results: What was found now, for each of its runs.
        difference: The first difference that counts, in a line; None if there is none.
    """

    results: list[Results]
    difference: str | None


def replay(
    entry: Entry,
    folder: Path,
    episodes: int | None = None,
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str | None = None,
    on_point: Callable[[str], None] = lambda label: None,
) -> Replay:
    """Play an entry's checkpoints again and compare with what it claims.

    Args:
        entry: The entry.
        folder: Its folder.
        episodes: Episodes a point; all if None.
        trusted: Names of networks that may be imported.
        loader: Of the checkpoints; see `load_checkpoint_agent`.
        on_point: Called with each point's label when the point is done.

    Raises:
        ValueError: As `check_networks`, before anything is played.
    """
    check_networks(entry, folder, trusted, loader)
    results = [
        evaluate(
            load_checkpoint_agent(folder / run.checkpoint, trusted, loader),
            entry.suite,
            episodes,
            on_point=on_point,
        )
        for run in entry.runs
    ]
    differences = map(first_difference, entry.runs, results)
    return Replay(results, next(filter(None, differences), None))


def first_difference(run: Run, fresh: Results) -> str | None:
    """Compare what a run claims with what was found, on the episodes that were played.

    Args:
        run: With its claims.
        fresh: What was found now.

    Returns:
        A line that names the first difference, or None.
    """
    difference = first_difference_in(run.points, fresh)
    return None if difference is None else f"seed {run.train_seed}, {difference}"


def pair(
    points: Mapping[str, PointResult], fresh: Results
) -> Iterator[tuple[str, PointResult, PointResult]]:
    """Yield label, claim and finding of every point, cut to the episodes that were played."""
    for label, found in fresh.points.items():
        yield label, points[label].first(len(found.bit_errors_per_sequence)), found


def first_difference_in(points: Mapping[str, PointResult], fresh: Results) -> str | None:
    """Compare claims with what was found, on the episodes that were played.

    Args:
        points: The claims by label.
        fresh: What was found now.

    Returns:
        A line that names the first difference, or None.
    """
    trained = fresh.suite.trained.label
    for label, claimed, found in pair(points, fresh):
        whole = points[label]
        weight = len(whole.bit_errors_per_sequence) / len(found.bit_errors_per_sequence)
        relative = RELATIVE_TOLERANCE if label == trained else PAST_TRAINING_TOLERANCE
        for name, absolute in ABSOLUTE_TOLERANCES.items():
            here, there = getattr(found, name), getattr(claimed, name)
            difference = _difference(here, there, weight * absolute, weight * relative)
            if difference is not None:
                return f"point {label}: {name} {difference}"
    return None


def _difference(
    found: NDArray[np.float64] | None,
    claimed: NDArray[np.float64] | None,
    absolute: float,
    relative: float,
) -> str | None:
    if found is None and claimed is None:
        return None
    if found is None or claimed is None:
        known, unknown = ("here", "the entry") if claimed is None else ("the entry", "here")
        return f"is known {known}, not {unknown}"
    here, there = float(found.mean()), float(claimed.mean())
    if abs(here - there) <= absolute + relative * abs(there):
        return None
    episode = int(np.abs(found - claimed).argmax())
    return (
        f"is {here:.6g} here, the entry says {there:.6g}; most in episode {episode}: "
        f"{found[episode]:.6g} here, {claimed[episode]:.6g} there"
    )
