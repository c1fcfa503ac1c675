"""``ntm-gym figures``: the paper's figures, from runs on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.commands.progress import Progress
from ntm_gym.commands.threads import use_one_thread


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("figures", help="draw the paper's figures from runs")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="holds TASK/NETWORK/seed-N"
    )
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder for images")
    parser.add_argument(
        "--only", type=int, action="append", metavar="NUMBER", help="may be repeated"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draw what can be drawn, and name what cannot."""
    use_one_thread()
    for line in draw_figures(args.runs, args.out, args.only):
        print(line)
    return 0


def draw_figures(runs: Path, folder: Path, only: list[int] | None = None) -> list[str]:
    """Draw figures.

    Args:
        runs: Holds ``TASK/NETWORK/seed-N``.
        folder: For images.
        only: Numbers in the paper; all if None.

    Returns:
        For each figure one line: its file, or that it is missing and why.

    Raises:
        ValueError: If there is no figure of such a number, or no folder of runs.
        ModuleNotFoundError: If matplotlib is absent; it comes with the extra ``plots``.
    """
    from ntm_gym.figures.catalogue import FIGURES, save_figure
    from ntm_gym.figures.runs import MissingRunError, Runs

    numbers = list(FIGURES) if only is None else only
    unknown = sorted(set(numbers) - set(FIGURES))
    if unknown:
        raise ValueError(f"figures are {min(FIGURES)} to {max(FIGURES)}, not {unknown[0]}")
    if not runs.is_dir():
        raise ValueError(f"there is no folder of runs {runs}")
    lines = []
    with Progress("drawing", len(numbers)) as progress:
        for number in numbers:
            try:
                lines.append(str(save_figure(number, Runs(runs), folder)))
            except MissingRunError as error:
                lines.append(f"figure {number} is missing: {error}")
            progress.advance(f"figure {number}")
    return lines
