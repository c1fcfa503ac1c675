"""How time is taken: in interleaved rounds, so that a busy machine slows all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Measurement = Callable[[], float]


def interleave(contestants: Mapping[str, Measurement], rounds: int) -> dict[str, list[float]]:
    """Measure every contestant once in each round.

    Args:
        contestants: What measures each, by name.
        rounds: Number of rounds.

    Returns:
        What was measured in each round, by name.
    """
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            found[name].append(measure())
    return found


def medians(found: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median over rounds, by name."""
    return {name: statistics.median(values) for name, values in found.items()}


def spreads(found: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the largest over the smallest round, by name."""
    return {name: round(max(values) / min(values), 2) for name, values in found.items()}


def cpu_seconds_per_call(run: Callable[[], object], at_least_s: float) -> float:
    """Return the CPU time of a call, over calls that take a while together.

    Args:
        run: What is timed; called once before.
        at_least_s: How long to go on calling.
    """
    run()
    started, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - started < at_least_s:
        run()
        calls += 1
    return (time.process_time() - started) / calls
