"""The command ``ntm-reproduce``: many runs of ``ntm-train``, and what is to be said of them."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from ntm_agents.command_line import OneLineParser, run_command
from ntm_agents.reproduction.display import Display, format_time
from ntm_agents.reproduction.estimate import seconds_left
from ntm_agents.reproduction.jobs import Job, make_job, read_progress
from ntm_agents.reproduction.plan import PLAN, expected_seconds, longest_first, select
from ntm_agents.reproduction.reliability import (
    examine,
    find_runs,
    read_records,
    task_of,
    write_records,
)
from ntm_agents.reproduction.reliability_tables import generalizing_table, learning_table
from ntm_agents.reproduction.scheduler import run_jobs
from ntm_agents.training.layout import RUNS
from ntm_agents.training.recipes import find_recipe
from ntm_agents.training.variants import VARIANTS, differences, find_variant
from ntm_gym.evaluation.suites import find_suite

_RECORDS = Path("docs/results/reliability")
_MOST_SEEDS = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0; 1 if a run failed; 2 after a user's error; 130 if it was stopped by
        Ctrl-C, SIGTERM or SIGHUP.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return run_command("ntm-reproduce", lambda: _run(given), "; called again, it goes on")


def _run(given: Sequence[str]) -> int:
    args = _parser().parse_args(given)
    with _interrupted_by("SIGTERM", "SIGHUP"):
        return int(args.run(args))


@contextlib.contextmanager
def _interrupted_by(*names: str) -> Iterator[None]:
    """Let signals do what Ctrl-C does, where the system has them and nobody ignores them."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]  # as nohup does
    before = {number: signal.signal(number, _interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="ntm-reproduce", description="Train what the documentation's numbers come from."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    everywhere = OneLineParser(add_help=False)
    everywhere.add_argument(
        "--runs", type=Path, default=RUNS, help="folder of all runs (default: %(default)s)"
    )
    training = OneLineParser(add_help=False)
    training.add_argument(
        "--seeds", default="", help="such as 1,2 or 1-10 (default: the plan's)"
    )
    training.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="runs at once (default: one for each processor, %(default)s here)",
    )
    training.add_argument(
        "--dry-run", action="store_true", help="only say what is left to do (default: do it)"
    )

    recipes = ", ".join(row.recipe for row in PLAN)
    train = verbs.add_parser("train", help="the paper's rows", parents=[everywhere, training])
    train.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="RECIPE",
        help=f"one of {recipes}, or a pattern; may be repeated (default: all)",
    )
    train.add_argument(
        "--quick", action="store_true", help="a part, in under 20 minutes (default: all)"
    )
    train.set_defaults(run=train_rows)

    compare = verbs.add_parser(
        "variants", help="a recipe with one thing changed", parents=[everywhere, training]
    )
    compare.add_argument("--recipe", required=True, help="which is changed")
    compare.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="VARIANT",
        help=f"one of {', '.join(VARIANTS)}; may be repeated (default: all)",
    )
    compare.set_defaults(run=train_variants)

    look = verbs.add_parser(
        "examine", help="evaluate a recipe and its variants", parents=[everywhere]
    )
    look.add_argument("--recipe", required=True, help="whose runs are evaluated")
    look.add_argument("--episodes", type=int, help="episodes a point (default: all)")
    look.add_argument(
        "--records",
        type=Path,
        default=_RECORDS,
        help="folder for the data (default: %(default)s)",
    )
    look.set_defaults(run=examine_recipe)
    return parser


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return seeds given one by one or as ranges.

    Raises:
        ValueError: If the text is something else.

    Example:
        >>> parse_seeds("1-3,7")
        (1, 2, 3, 7)
    """
    found: list[int] = []
    for part in text.split(",") if text else ():
        matched = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if matched is None or int(matched[2] or matched[1]) < int(matched[1]):
            raise ValueError(f"seeds must be given like 1,2 or 1-10, not {text!r}")
        first, last = int(matched[1]), int(matched[2] or matched[1])
        if last - first >= _MOST_SEEDS or last >= 2**64:
            raise ValueError(f"seeds must be at most {_MOST_SEEDS} below 2**64, not {text!r}")
        found += range(first, last + 1)
    return tuple(found)


def train_rows(args: argparse.Namespace) -> int:
    """Train the rows of the plan."""
    rows = select(args.only, parse_seeds(args.seeds), args.quick)
    return _train(
        args,
        [
            make_job(args.runs, row.recipe, seed, 60 * row.minutes)
            for row, seeds in rows
            for seed in seeds
        ],
    )


def train_variants(args: argparse.Namespace) -> int:
    """Train a recipe's variants; those that change nothing in it are left out."""
    base = find_recipe(args.recipe)
    names = [
        name for name in args.only or VARIANTS if differences(find_variant(name)(base), base)
    ]
    jobs = [
        make_job(args.runs, args.recipe, seed, expected_seconds(args.recipe), name)
        for name in names
        for seed in parse_seeds(args.seeds) or range(1, 11)
    ]
    return _train(args, jobs)


def _train(args: argparse.Namespace, planned: Sequence[Job]) -> int:
    if args.jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {args.jobs}")
    jobs = longest_first([job for job in planned if not job.finished])
    print(f"{len(planned) - len(jobs)} of {len(planned)} runs are finished", file=sys.stderr)
    if not jobs:
        return 0
    if args.dry_run:
        progress = {job: read_progress(job) for job in jobs}
        for job in jobs:
            print(" ".join(["ntm-train", *job.arguments, "--output", str(job.folder)]))
        left = seconds_left({}, progress, {}, min(args.jobs, len(jobs)))
        print(f"about {format_time(left)} with {args.jobs} at once", file=sys.stderr)
        return 0
    import torch  # noqa: F401, missing it, every job would fail

    workers = min(args.jobs, len(jobs))
    failures = run_jobs(jobs, workers, Display(workers).show)
    return 1 if failures else 0


def examine_recipe(args: argparse.Namespace) -> int:
    """Evaluate a recipe's runs and its variants', keep the records, print both tables."""
    path = args.records / f"{args.recipe.replace('/', '-')}.json"
    known = read_records(path) if path.exists() else []
    if not find_runs(args.runs, args.recipe):
        raise ValueError(f"there is no finished run of {args.recipe!r} in {args.runs}")
    records = examine(
        args.runs,
        args.recipe,
        known,
        args.episodes,
        lambda label: print(label, file=sys.stderr),
    )
    write_records(path, args.recipe, records)
    labels = [point.label for point in find_suite(task_of(args.recipe)).points[1:]]
    print(learning_table(records))
    print()
    print(generalizing_table(records, labels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
