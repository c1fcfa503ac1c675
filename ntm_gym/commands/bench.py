"""``ntm-gym bench``: speed, as ratios measured side by side in one run."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from ntm_gym.files import write_json

_MODULES = {
    "envs": "ntm_gym.commands.bench_envs",
    "ntm": "ntm_agents.bench",
    "sb3": "ntm_agents.sb3.bench",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("bench", help="measure speed")
    parser.add_argument("what", choices=list(_MODULES))
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--full", action="store_true", help="ntm: all sizes, and torch.compile")
    parser.add_argument("--device", default="cpu", help="ntm: where to measure, e.g. cuda")
    parser.add_argument("--output", type=Path, help="write the result to this JSON file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, and write the result if asked."""
    if args.rounds < 1:
        raise ValueError(f"--rounds must be at least 1, not {args.rounds}")
    options = {"full": args.full, "device": args.device} if args.what == "ntm" else {}
    if not options and (args.full or args.device != "cpu"):
        raise ValueError(f"--full and --device belong to 'bench ntm', not to {args.what!r}")
    module = importlib.import_module(_MODULES[args.what])
    result = module.measure(args.rounds, **options)
    print(module.format_result(result))
    if args.output is not None:
        write_json(args.output, result)
    return 0
