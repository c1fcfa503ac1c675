"""Where runs lie: ``runs/RECIPE/seed-S``."""

from __future__ import annotations

from pathlib import Path

RUNS = Path("runs")
CONFIG, LOG, MODEL = "config.json", "log.jsonl", "model.safetensors"


def run_folder(root: Path, name: str, seed: int) -> Path:
    """Return the folder of a run.

    Args:
        root: Of all runs.
        name: Of the recipe, or of the task.
        seed: Training seed.

    Example:
        >>> run_folder(RUNS, "copy/ntm-ff", 3).as_posix()
        'runs/copy/ntm-ff/seed-3'
    """
    return root / name / f"seed-{seed}"


def finished_runs(folder: Path) -> dict[int, Path]:
    """Return the folders of finished runs by seed, in order.

    Args:
        folder: Holds ``seed-S``.
    """
    found = {
        int(seed): model.parent
        for model in folder.glob(f"seed-*/{MODEL}")
        if (seed := model.parent.name.removeprefix("seed-")).isdecimal()
        and has_published(model.parent)
    }
    return dict(sorted(found.items()))


def has_published(folder: Path) -> bool:
    """Return whether a run's network and its description are there, unread."""
    model = folder / MODEL
    return model.is_file() and model.with_suffix(".json").is_file()
