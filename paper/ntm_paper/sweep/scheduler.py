"""Runs jobs side by side, each in a process of its own, and stops all of them with itself."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, NamedTuple

from ntm_paper.sweep.jobs import Job, JobProgress, read_progress

_GRACE_S = 10.0
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


class Snapshot(NamedTuple):
    """Where all jobs stand.

    Attributes:
        running: Jobs at work.
        waiting: Jobs in the order in which they start.
        ended: Jobs that are done.
        failures: Jobs that failed, and the last line that each wrote.
    """

    running: Mapping[Job, JobProgress]
    waiting: Mapping[Job, JobProgress]
    ended: Mapping[Job, JobProgress]
    failures: Mapping[Job, str]


class _Child(NamedTuple):
    process: subprocess.Popen[bytes]
    output: IO[bytes]


def run_jobs(
    jobs: Sequence[Job],
    workers: int,
    show: Callable[[Snapshot], None] = lambda snapshot: None,
    poll_s: float = 1.0,
) -> dict[Job, str]:
    """Run jobs; one that fails does not stop the others.

    Args:
        jobs: In the order in which they start.
        workers: Jobs that run at once.
        show: Called with where all jobs stand, every ``poll_s`` seconds and at the end.
        poll_s: Seconds between two looks.

    Returns:
        The jobs that failed, and the last line that each wrote.

    Raises:
        KeyboardInterrupt: If interrupted; all processes have been stopped, and each run goes
            on from its last checkpoint when it is started again.
    """
    waiting = {job: read_progress(job) for job in jobs}
    children: dict[Job, _Child] = {}
    ended: dict[Job, JobProgress] = {}
    failures: dict[Job, str] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(_stop, children)
        while waiting or children:
            while waiting and len(children) < workers:
                job = next(iter(waiting))
                del waiting[job]
                children[job] = _start(job, stack.enter_context(tempfile.TemporaryFile()))
            show(
                Snapshot(
                    {job: read_progress(job) for job in children}, waiting, ended, failures
                )
            )
            time.sleep(poll_s)
            for job in [job for job, child in children.items() if _has_ended(child)]:
                child = children.pop(job)
                _close_input(child)
                if child.process.returncode == 0:
                    ended[job] = read_progress(job)
                else:
                    failures[job] = _last_line(child)
    show(Snapshot({}, {}, ended, failures))
    return failures


def _start(job: Job, output: IO[bytes]) -> _Child:
    """Start a job in a session of its own: an interrupt from the keyboard is ours to handle.

    Nothing is written to its standard input; by its end the job knows of ours.
    """
    process = subprocess.Popen(
        job.command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ | _ONE_THREAD,
        start_new_session=True,
    )
    return _Child(process, output)


def _has_ended(child: _Child) -> bool:
    return child.process.poll() is not None


def _stop(children: Mapping[Job, _Child]) -> None:
    try:
        for child in children.values():
            child.process.terminate()
        for child in children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(_GRACE_S)
    finally:  # also after a second interrupt
        for child in children.values():
            child.process.kill()
            child.process.wait()
            _close_input(child)


def _close_input(child: _Child) -> None:
    if child.process.stdin is not None:
        child.process.stdin.close()


def _last_line(child: _Child) -> str:
    child.output.seek(0)
    lines = child.output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"ended with status {child.process.returncode}"
