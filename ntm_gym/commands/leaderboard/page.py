"""``ntm-gym leaderboard page``: the board as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ntm_gym.commands import options
from ntm_gym.terminal import progress, use_one_thread


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("page", help="write an HTML page")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/leaderboard.html"),
        help="the file; build/leaderboard.html by default",
    )
    parser.add_argument(
        "--episodes",
        type=int,
        default=20,
        help="episodes a point that are verified; 20 by default",
    )
    options.add_baseline(parser)
    options.add_board(parser)
    options.add_trust(parser)
    options.add_loader(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verify a sample of every entry, record episodes, and write the page."""
    from ntm_gym.leaderboard.board import read_board
    from ntm_gym.leaderboard.page.data import page_data
    from ntm_gym.leaderboard.page.writer import write_page
    from ntm_gym.leaderboard.references import read_references

    use_one_thread()
    board, references = read_board(args.board), read_references(args.board)
    agents = len(board) + sum(len(each.agents) for each in references)
    with progress("recording", agents) as advance:
        data = page_data(
            board,
            references,
            args.baseline,
            args.episodes,
            options.trusted_networks(args),
            args.agent,
            advance,
        )
    write_page(args.output, data)
    print(f"page: {args.output.resolve().as_uri()}")
    return 1 if any(_difference(agent) for agent in data["agents"]) else 0


def _difference(agent: dict[str, Any]) -> str | None:
    verdict: dict[str, Any] = agent.get("verified", {})
    difference: str | None = verdict.get("difference")
    if difference is not None:
        print(f"{agent['name']}, {agent['suite']}: {difference}")
    return difference
