"""By how much an evaluation differs from the same one on another machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.files import read_json, write_json
from ntm_gym.leaderboard.verification import ABSOLUTE_TOLERANCES, pair
from ntm_gym.markdown import format_markdown

Differences = dict[str, float]
"""By point: how far apart mean costs are, in bits per sequence."""
ALIKE_BITS = ABSOLUTE_TOLERANCES["bits_per_sequence"]
"""Mean costs are alike if they differ by no more."""
_PACKAGES = ("ntm-gym", "torch", "numpy")


def differences_in(points: Mapping[str, PointResult], fresh: Results) -> Differences:
    """Return how far mean costs are from what was claimed, on the episodes that were played.

    Args:
        points: The claims by label.
        fresh: What was found now. Points without costs are left out.
    """
    return {
        label: abs(float(found.bits_per_sequence.mean() - claimed.bits_per_sequence.mean()))
        for label, claimed, found in pair(points, fresh)
        if claimed.bits_per_sequence is not None and found.bits_per_sequence is not None
    }


def write_report(folder: Path, name: str, by_seed: Mapping[int, Differences]) -> None:
    """Keep what was found of an entry, and where.

    Args:
        folder: Made if need be.
        name: The entry's folder; the file ``NAME.json`` is replaced whole or not at all.
        by_seed: Differences by training seed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    versions = {package: version(package) for package in _PACKAGES}
    machine = {"system": platform.platform(), "python": platform.python_version(), **versions}
    seeds = {str(seed): differences for seed, differences in by_seed.items()}
    write_json(folder / f"{name}.json", {"machine": machine, "seeds": seeds})


def format_reports(folder: Path, trained: Mapping[str, str]) -> str:
    """Return a table of the differences of each entry, over its seeds and points, in Markdown.

    Args:
        folder: Where `write_report` wrote.
        trained: The label of the trained range, by entry; reports on others are left out.

    Raises:
        ValueError: If a file is damaged.
    """
    alike = f"within {ALIKE_BITS:.0e}"
    header = ["entry", "seeds", "trained range", alike, "worst point", "at"]
    reports = [path for path in sorted(folder.glob("*.json")) if path.stem in trained]
    rows = (_row(path.stem, read_json(path)["seeds"], trained[path.stem]) for path in reports)
    return format_markdown([header, *rows])


def _row(name: str, by_seed: Mapping[str, Differences], trained: str) -> list[str]:
    worst, label = max(
        (value, label)
        for differences in by_seed.values()
        for label, value in differences.items()
    )
    in_range = max(differences[trained] for differences in by_seed.values())
    points = [value for differences in by_seed.values() for value in differences.values()]
    alike = f"{sum(value <= ALIKE_BITS for value in points)} of {len(points)}"
    return [name, str(len(by_seed)), f"{in_range:.0e}", alike, f"{worst:.0e}", label]
