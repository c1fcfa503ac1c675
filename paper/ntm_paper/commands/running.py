"""What the verbs that train have in common: options, and running what is left to do."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ntm_agents.training.layout import RUNS
from ntm_paper.plan import longest_first
from ntm_paper.sweep.display import Display, format_time
from ntm_paper.sweep.estimate import seconds_left
from ntm_paper.sweep.jobs import Job, read_progress
from ntm_paper.sweep.scheduler import run_jobs


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every verb that trains."""
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of all runs")
    parser.add_argument("--seeds", default="", help="such as 1,2 or 1-10")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at once")
    parser.add_argument("--dry-run", action="store_true", help="only list what is left to do")


def finish(args: argparse.Namespace, planned: Sequence[Job]) -> int:
    """Run the jobs that are not finished.

    Args:
        args: With the options of `add_training_options`.
        planned: All jobs.

    Returns:
        Exit code: 0, or 1 if a run failed.

    Raises:
        ValueError: If ``--jobs`` is not positive.
    """
    if args.jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {args.jobs}")
    jobs = longest_first([job for job in planned if not job.finished])
    print(f"{len(planned) - len(jobs)} of {len(planned)} runs are finished", file=sys.stderr)
    if not jobs:
        return 0
    if args.dry_run:
        progress = {job: read_progress(job) for job in jobs}
        for job in jobs:
            command = ["python", "-m", job.module, *job.arguments]
            print(shlex.join([*command, "--output", str(job.folder)]))
        left = seconds_left({}, progress, {}, min(args.jobs, len(jobs)))
        print(f"about {format_time(left)} with {args.jobs} at once", file=sys.stderr)
        return 0
    workers = min(args.jobs, len(jobs))
    failures = run_jobs(jobs, workers, Display(workers).show)
    return 1 if failures else 0
