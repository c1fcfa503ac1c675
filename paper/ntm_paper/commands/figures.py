"""``ntm-paper figures``: the paper's figures, from entries or from runs on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.terminal import progress, use_one_thread
from ntm_paper.figures.runs import BoardEntries, MissingRunError, RunFolders, Runs


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("figures", help="draw the paper's figures from runs")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--board", type=Path, default=Path("leaderboard"), help="draw from entries; the default"
    )
    source.add_argument("--runs", type=Path, help="draw from runs TASK/NETWORK/seed-N instead")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder for images")
    parser.add_argument(
        "--only", type=int, action="append", metavar="NUMBER", help="may be repeated"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draw what can be drawn, and name what cannot."""
    use_one_thread()
    root = args.runs or args.board
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    runs = RunFolders(root) if args.runs else BoardEntries(root)
    for line in draw_figures(runs, args.out, args.only):
        print(line)
    return 0


def draw_figures(runs: Runs, folder: Path, only: list[int] | None = None) -> list[str]:
    """Draw figures.

    Args:
        runs: What they are drawn from.
        folder: For images.
        only: Numbers in the paper; all if None.

    Returns:
        For each figure one line: its file, or that it is missing and why.

    Raises:
        ValueError: If there is no figure of such a number.
        ModuleNotFoundError: If matplotlib is absent; it comes with the extra ``plots``.
    """
    from ntm_paper.figures.catalogue import FIGURES, save_figure

    numbers = list(FIGURES) if only is None else only
    unknown = sorted(set(numbers) - set(FIGURES))
    if unknown:
        raise ValueError(f"figures are {min(FIGURES)} to {max(FIGURES)}, not {unknown[0]}")
    lines = []
    with progress("drawing", len(numbers)) as advance:
        for number in numbers:
            try:
                lines.append(str(save_figure(number, runs, folder)))
            except MissingRunError as error:
                lines.append(f"figure {number} is missing: {error}")
            advance(f"figure {number}")
    return lines
