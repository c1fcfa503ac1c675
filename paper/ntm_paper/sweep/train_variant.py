"""One run of a variant, in a process of its own; ``ntm-paper variants`` starts these."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ntm_agents.training.loop import train
from ntm_agents.training.recipes import find_recipe
from ntm_paper.variants import find_variant


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one seed of a variant, or go on with it.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0, or 2 if the run cannot be made.
    """
    parser = argparse.ArgumentParser(prog="python -m ntm_paper.sweep.train_variant")
    parser.add_argument("--recipe", required=True, help="name of the recipe")
    parser.add_argument("--variant", required=True, help="name of the variant")
    parser.add_argument("--seed", type=int, required=True, help="training seed")
    parser.add_argument("--output", type=Path, required=True, help="folder of the run")
    parser.add_argument("--quiet", action="store_true", help="draw no progress bar")
    given = list(sys.argv[1:] if arguments is None else arguments)
    args = parser.parse_args(given)
    try:
        config = find_variant(args.variant)(find_recipe(args.recipe))
        train(
            dataclasses.replace(config, seed=args.seed),
            args.output,
            command=shlex.join([parser.prog, *given]),
            show_progress=not args.quiet,
        )
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
