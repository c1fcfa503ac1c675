"""``ntm-gym leaderboard submit``: make an entry, whole or not at all."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.commands import options
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.leaderboard import TRACKS
from ntm_gym.leaderboard.about import add_about_options, read_about
from ntm_gym.terminal import progress, use_one_thread


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("submit", help="make an entry")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="one .safetensors a seed")
    parser.add_argument("--name", required=True, help="what the table calls the agent")
    parser.add_argument("--folder", required=True, help="what its folder is called")
    parser.add_argument(
        "--track",
        choices=TRACKS,
        default="supervised",
        help="how it was trained; supervised by default",
    )
    options.add_suite(parser)
    add_about_options(parser)
    parser.add_argument(
        "--half", action="store_true", help="keep weights in half precision, if as good"
    )
    options.add_board(parser)
    options.add_trust(parser)
    options.add_loader(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate checkpoints in full and write an entry, whole or not at all."""
    from ntm_gym.leaderboard.submission import check_folder_name, submit

    use_one_thread()
    suite = find_suite(args.suite)
    check_folder_name(args.folder)
    target = args.board / args.track / args.folder
    about = read_about(args) | {"name": args.name}
    plays = len(args.checkpoints) * (2 if args.half else 1)
    with progress("evaluating", len(suite.points) * plays) as advance:
        entry = submit(
            target,
            args.checkpoints,
            suite,
            about,
            options.trusted_networks(args),
            args.agent,
            advance,
            args.half,
        )
    print(f"entered: {target}")
    if entry.missing_seeds:
        print(f"without training seeds {', '.join(map(str, entry.missing_seeds))}: noted in it")
    return 0
