"""Where runs lie: ``runs/RECIPE/seed-S``."""

from __future__ import annotations

from pathlib import Path

RUNS = Path("runs")


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
        int(model.parent.name.removeprefix("seed-")): model.parent
        for model in folder.glob("seed-*/model.safetensors")
    }
    return dict(sorted(found.items()))
