"""Where runs lie: ``runs/TASK/NETWORK/seed-S``, variants under ``runs/variants``."""

from __future__ import annotations

from pathlib import Path

VARIANTS_FOLDER = "variants"
RUNS = Path("runs")
CONFIG, LOG, MODEL = "config.json", "log.jsonl", "model.safetensors"


def run_folder(root: Path, recipe: str, seed: int, variant: str | None = None) -> Path:
    """Return the folder of a run.

    Args:
        root: Of all runs.
        recipe: Name of the recipe, or of the task.
        seed: Training seed.
        variant: Name of the variant; None for the recipe as it is.

    Example:
        >>> run_folder(RUNS, "copy/ntm-ff", 3).as_posix()
        'runs/copy/ntm-ff/seed-3'
        >>> run_folder(RUNS, "copy/ntm-ff", 3, "no-decay").as_posix()
        'runs/variants/copy-ntm-ff/no-decay/seed-3'
    """
    if variant is None:
        return root / recipe / f"seed-{seed}"
    return root / VARIANTS_FOLDER / recipe.replace("/", "-") / variant / f"seed-{seed}"


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
