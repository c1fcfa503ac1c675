"""``ntm-gym bench``: the repository's benchmarks."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from ntm_gym.files import write_json

REPOSITORY = Path(__file__).parents[2]
BENCHMARKS = ("envs", "ntm", "sb3")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("bench", help="measure speed; needs the repository")
    parser.add_argument("what", choices=BENCHMARKS, help="what to measure")
    parser.add_argument(
        "--rounds", type=int, default=5, help="interleaved rounds; 5 by default"
    )
    parser.add_argument("--full", action="store_true", help="ntm: all sizes, and torch.compile")
    parser.add_argument(
        "--device", default="cpu", help="ntm: where to measure, e.g. cuda; cpu by default"
    )
    parser.add_argument("--output", type=Path, help="write the result to this JSON file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, and write the result if asked."""
    if args.rounds < 1:
        raise ValueError(f"--rounds must be at least 1, not {args.rounds}")
    options = {"full": args.full, "device": args.device} if args.what == "ntm" else {}
    if not options and (args.full or args.device != "cpu"):
        raise ValueError(f"--full and --device belong to 'bench ntm', not to {args.what!r}")
    if not (REPOSITORY / "benchmarks").is_dir():
        raise ValueError("benchmarks come with the repository, not with the installed package")
    sys.path.insert(0, str(REPOSITORY))
    benchmark = importlib.import_module(f"benchmarks.{args.what}")
    result = benchmark.measure(args.rounds, **options)
    print(benchmark.format_result(result))
    if args.output is not None:
        write_json(args.output, result)
    return 0
