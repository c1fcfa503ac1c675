"""``ntm-paper compare``: a board beside the paper."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.leaderboard.board import read_board
from ntm_paper.result_tables import (
    against_lstm_table,
    costs_table,
    past_table,
    results_table,
)
from ntm_paper.rows import missing_rows, paper_rows


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("compare", help="compare a board with the paper's results")
    parser.add_argument("--board", type=Path, default=Path("leaderboard"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the tables, and name the rows that have no entry."""
    rows = paper_rows(entry for _, entry in read_board(args.board))
    tables = {
        "Bits per sequence in the trained range; N-grams: above the optimum": results_table,
        "Past the trained range": past_table,
        "Against the LSTM": against_lstm_table,
        "What it took": costs_table,
    }
    for title, make_table in tables.items():
        print(f"{title}\n\n{make_table(rows)}\n")
    for recipe in missing_rows(rows):
        print(f"no entry of {recipe}")
    return 0
