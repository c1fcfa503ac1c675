"""Options of a command that say whose an entry is."""

from __future__ import annotations

import argparse
import subprocess


def add_about_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whose an entry is; `read_about` reads them."""
    parser.add_argument("--authors", required=True, help="who made it")
    parser.add_argument("--link", default="", help="where it is described; empty by default")
    parser.add_argument("--licence", default="MIT", help="of code and weights; MIT by default")
    parser.add_argument("--commit", help="of the training code; git's HEAD by default")


def read_about(args: argparse.Namespace) -> dict[str, str]:
    """Return what the options of `add_about_options` say, ready for an entry."""
    about: dict[str, str] = {n: getattr(args, n) for n in ("authors", "link", "licence")}
    return about | {"commit": _head() if args.commit is None else args.commit}


def _head() -> str:
    """Return git's HEAD, or nothing outside a repository."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
            errors="replace",
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
