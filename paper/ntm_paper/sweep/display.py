"""Where all jobs stand, for people: redrawn in place on a terminal, else line by line."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

from ntm_paper.sweep.estimate import job_seconds_left, seconds_left
from ntm_paper.sweep.jobs import Job, JobProgress
from ntm_paper.sweep.scheduler import Snapshot

_WIDTH = 24


class Display:
    """Shows snapshots.

    Args:
        workers: Jobs that run at once.
        stream: Where to write.
        every_s: Seconds between two lines where nothing can be redrawn.
    """

    def __init__(
        self, workers: int, stream: TextIO = sys.stderr, every_s: float = 60.0
    ) -> None:
        self._workers, self._stream, self._every_s = workers, stream, every_s
        self._started = time.monotonic()
        self._last_line_at = -every_s
        self._lines_drawn = 0
        self._announced: set[Job] = set()

    def show(self, snapshot: Snapshot) -> None:
        """Show where all jobs stand."""
        gone = time.monotonic() - self._started
        overall = format_overall(snapshot, gone, self._workers)
        if self._stream.isatty():
            self._clear()
        for line in self._news(snapshot):
            print(line, file=self._stream)
        if self._stream.isatty():
            lines = [overall, *(format_job(job, snapshot.running) for job in snapshot.running)]
            print("\n".join(lines), file=self._stream, flush=True)
            self._lines_drawn = len(lines)
        elif gone - self._last_line_at >= self._every_s or not snapshot.running:
            print(overall, file=self._stream, flush=True)
            self._last_line_at = gone

    def _clear(self) -> None:
        if self._lines_drawn:
            self._stream.write(f"\033[{self._lines_drawn}A\033[J")

    def _news(self, snapshot: Snapshot) -> list[str]:
        """Return a line for each job that has ended since the last call."""
        lines = {
            **{job: f"{job.name}: {_result(end)}" for job, end in snapshot.ended.items()},
            **{job: f"{job.name} failed: {why}" for job, why in snapshot.failures.items()},
        }
        news = [line for job, line in lines.items() if job not in self._announced]
        self._announced |= lines.keys()
        return news


def format_overall(snapshot: Snapshot, gone_s: float, workers: int) -> str:
    """Return one line on all jobs."""
    running, waiting, ended, failures = snapshot
    total = sum(map(len, snapshot))
    left = seconds_left(running, waiting, ended, workers)
    failed = f", {len(failures)} failed" if failures else ""
    return (
        f"{len(ended)} of {total} runs finished{failed}; {format_time(gone_s)} gone, "
        f"about {format_time(left)} left"
    )


def format_job(job: Job, running: Mapping[Job, JobProgress]) -> str:
    """Return one line on a running job."""
    progress = running[job]
    filled = _WIDTH * progress.sequences // progress.total
    bar = "█" * filled + "░" * (_WIDTH - filled)
    bits = "-" if progress.bits is None else f"{progress.bits:.4f}"
    return (
        f"  {job.name:28} {bar} {progress.sequences / progress.total:4.0%} {bits:>9} bits  "
        f"{format_time(job_seconds_left(job, running))} left"
    )


def format_time(seconds: float) -> str:
    """Return hours, minutes and seconds.

    Example:
        >>> format_time(3725.4)
        '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _result(end: JobProgress) -> str:
    bits = "" if end.bits is None else f"{end.bits:.4f} bits per held-out sequence, "
    return f"{bits}{end.sequences:,} sequences in {format_time(end.wall_time_s)}"
