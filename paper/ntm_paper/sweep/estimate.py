"""How long it will still take."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Mapping, Sequence

from ntm_paper.sweep.jobs import Job, JobProgress


def seconds_left(
    running: Mapping[Job, JobProgress],
    waiting: Mapping[Job, JobProgress],
    ended: Mapping[Job, JobProgress],
    workers: int,
) -> float:
    """Estimate the time until the last job is done.

    A job's speed is its own, else that of its group, else what was expected of it, scaled by
    how the others compare with what was expected of them.

    Args:
        running: Jobs at work.
        waiting: Jobs in the order in which they start.
        ended: Jobs that are done.
        workers: Jobs that run at once.
    """
    measured = {**ended, **running, **waiting}
    free_at = [_job_left(job, running[job], measured, True) for job in running]
    free_at += [0.0] * (workers - len(free_at))
    heapq.heapify(free_at)
    for job, progress in waiting.items():
        heapq.heappush(
            free_at, heapq.heappop(free_at) + _job_left(job, progress, measured, False)
        )
    return max(free_at)


def job_seconds_left(job: Job, running: Mapping[Job, JobProgress]) -> float:
    """Estimate the time until a running job is done."""
    return _job_left(job, running[job], running, True)


def _job_left(
    job: Job, progress: JobProgress, measured: Mapping[Job, JobProgress], at_work: bool
) -> float:
    left = (progress.total - progress.sequences) * _seconds_per_sequence(job, measured)
    return max(0.0, left - progress.age_s) if at_work else left


def _seconds_per_sequence(job: Job, measured: Mapping[Job, JobProgress]) -> float:
    own = measured[job].seconds_per_sequence
    if own is not None:
        return own
    group = _speeds([other for other in measured if other.group == job.group], measured)
    if group:
        return statistics.median(group)
    ratios = [
        speed * measured[other].total / other.expected_s
        for other in measured
        if (speed := measured[other].seconds_per_sequence) is not None
    ]
    pace = statistics.median(ratios) if ratios else 1.0
    return pace * job.expected_s / measured[job].total


def _speeds(jobs: Sequence[Job], measured: Mapping[Job, JobProgress]) -> list[float]:
    known = (measured[job].seconds_per_sequence for job in jobs)
    return [speed for speed in known if speed is not None]
