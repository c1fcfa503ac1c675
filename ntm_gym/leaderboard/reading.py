"""Reading entries: every part is checked that can be checked without playing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.files import read_json
from ntm_gym.leaderboard.attachments import check_attachment, find_attachment
from ntm_gym.leaderboard.curves import Curve, read_curve
from ntm_gym.leaderboard.entries import (
    DESCRIBED,
    ENTRY_FIELDS,
    FORMAT,
    MOST_SEEDS,
    RUN_FIELDS,
    TRACKS,
    Entry,
    Run,
    asked_seeds,
)
from ntm_gym.leaderboard.fields import (
    AMOUNTS_OR_NONE,
    COUNT,
    COUNTS,
    LIST,
    OBJECT,
    TEXT,
    check_fields,
)
from ntm_gym.leaderboard.scores import check_scores, oracle_results

_SUITE = {"name": TEXT, "version": COUNT, "hash": TEXT}
_POINT = {"bits_per_sequence": AMOUNTS_OR_NONE, "bit_errors_per_sequence": COUNTS}


def find_entries(board: Path) -> list[Path]:
    """Return the folders of all entries.

    Args:
        board: The folder with one folder for each track.

    Raises:
        ValueError: If there is none.
    """
    folders = sorted(path.parent for path in board.glob("*/*/entry.json"))
    if not folders:
        raise ValueError(f"there are no entries TRACK/NAME/entry.json in {board}")
    return folders


def read_board(board: Path) -> list[tuple[Path, Entry]]:
    """Read all entries.

    Args:
        board: The folder with one folder for each track.

    Returns:
        Folders and entries.

    Raises:
        ValueError: If an entry is refused or lies in another track's folder, or two entries
            of a track and suite share name or weights.
    """
    entries = [(folder, read_entry(folder)) for folder in find_entries(board)]
    taken: dict[tuple[str, ...], Path] = {}
    for folder, entry in entries:
        if folder.parent.name != entry.track:
            raise ValueError(
                f"{folder} must lie in a folder {entry.track!r}, not {folder.parent.name!r}"
            )
        for own in [entry.name, *(run.sha256 for run in entry.runs)]:
            other = taken.setdefault((entry.track, entry.suite.name, own), folder)
            if other != folder:
                raise ValueError(f"{folder} must not repeat {other}: both have {own}")
    return entries


def read_entry(folder: Path) -> Entry:
    """Read an entry and check everything that can be checked without playing.

    Args:
        folder: Holds ``entry.json`` and the checkpoints.

    Raises:
        ValueError: If a field is missing, unknown or impossible, or a file is not the one
            that the entry was made with.
    """
    path = find_attachment(folder, "entry.json")
    data = read_json(path)
    kinds = {"suite": OBJECT, "missing_seeds": COUNTS, "runs": LIST}
    check_fields(str(path), data, {"format": COUNT, **ENTRY_FIELDS, **kinds})
    if data["format"] != FORMAT:
        raise ValueError(f"{path}: format must be {FORMAT}, not {data['format']}")
    if data["track"] not in TRACKS:
        raise ValueError(f"{path}: track must be one of {TRACKS}, not {data['track']!r}")
    suite = read_suite(str(path), data["suite"])
    runs = tuple(_read_run(folder, suite, run) for run in data["runs"])
    _check_seeds(path, runs, data["missing_seeds"])
    _check_files(folder, runs)
    return Entry(**{name: data[name] for name in ENTRY_FIELDS}, suite=suite, runs=runs)


def read_suite(where: str, data: Any) -> Suite:
    """Return the suite that a file names, if it still has the same episodes.

    Args:
        where: Which file, for error messages.
        data: Its name, version and hash.

    Raises:
        ValueError: If there is no such suite, or it has changed.
    """
    check_fields(f"{where}: suite", data, _SUITE)
    suite = find_suite(data["name"])
    if data != suite.reference():
        raise ValueError(
            f"{where}: suite {suite.name!r} must have version {suite.version} and hash "
            f"{suite.hash()}, not {data['version']} and {data['hash']!r}; its episodes were "
            f"others"
        )
    return suite


def _read_run(folder: Path, suite: Suite, data: Any) -> Run:
    where = f"{folder / 'entry.json'}: run"
    check_fields(where, data, {**RUN_FIELDS, "points": OBJECT})
    where = f"{where} of seed {data['train_seed']}"
    if not data["checkpoint"].endswith(".safetensors"):
        raise ValueError(f"{where}: {data['checkpoint']!r} must end in .safetensors")
    weights = check_attachment(folder, data["checkpoint"], data["sha256"])
    description_path = check_attachment(
        folder, weights.with_suffix(".json").name, data["description_sha256"]
    )
    _check_description(where, suite, data, description_path)
    return Run(
        **{name: data[name] for name in RUN_FIELDS},
        points=read_points(where, suite, data["points"]),
        curve=_read_curve(folder, weights, data),
    )


def read_points(where: str, suite: Suite, data: dict[str, Any]) -> dict[str, PointResult]:
    """Return raw results by the suite's labels, if they are complete and possible.

    Args:
        where: Whose results, for error messages.
        suite: What they were made on.
        data: Lists of numbers by label.

    Raises:
        ValueError: If a point or an episode is missing, or a claim cannot be.
    """
    labels = [point.label for point in suite.points]
    if sorted(data) != sorted(labels):
        raise ValueError(f"{where}: points must be {', '.join(labels)}, not {', '.join(data)}")
    return {
        label: _read_point(f"{where}, point {label}", suite, label, data[label])
        for label in labels
    }


def _read_curve(folder: Path, weights: Path, run: dict[str, Any]) -> Curve | None:
    if run["curve_sha256"] is None:
        return None
    name = weights.with_suffix(".curve.json").name
    return read_curve(check_attachment(folder, name, run["curve_sha256"]), run["sequences"])


def _check_description(where: str, suite: Suite, run: dict[str, Any], path: Path) -> None:
    """Check that a run claims of its training what the checkpoint says of itself."""
    description = read_json(path)
    check_fields(str(path), description, {"task": OBJECT}, only=False)
    claims = {name: run[name] for name in DESCRIBED} | {"task": suite.trained.task}
    for name, claim in claims.items():
        described = description["task"].get("name") if name == "task" else description.get(name)
        if described != claim:
            raise ValueError(
                f"{where}: {name} must be as in {path}, {described!r}, not {claim!r}"
            )


def _read_point(where: str, suite: Suite, label: str, data: Any) -> PointResult:
    check_fields(where, data, _POINT)
    for name, values in data.items():
        if values is not None and len(values) != suite.num_episodes:
            raise ValueError(
                f"{where}: {name} must hold {suite.num_episodes} numbers, not {len(values)}"
            )
    oracle = oracle_results(suite).points[label]
    bits = data["bits_per_sequence"]
    point = PointResult(
        None if bits is None else np.array(bits, np.float64),
        np.array(data["bit_errors_per_sequence"], np.int64),
        oracle.target_bits_per_sequence,
    )
    check_scores(where, point, oracle)
    return point


def _check_seeds(path: Path, runs: tuple[Run, ...], missing: list[int]) -> None:
    seeds = [run.train_seed for run in runs]
    if not runs:
        raise ValueError(f"{path}: there must be at least one run")
    if max(seeds) > MOST_SEEDS:
        raise ValueError(f"{path}: training seeds must be 1 to {MOST_SEEDS}, not {max(seeds)}")
    asked = asked_seeds(seeds)
    if sorted(seeds + missing) != list(asked):
        raise ValueError(
            f"{path}: every training seed of {', '.join(map(str, asked))} must have "
            f"one run or stand in missing_seeds; runs have {seeds}, missing_seeds {missing}"
        )
    if len({run.sha256 for run in runs}) < len(runs):
        raise ValueError(f"{path}: two runs must not have the same weights")


def _check_files(folder: Path, runs: tuple[Run, ...]) -> None:
    listed = set()
    for run in runs:
        weights = Path(run.checkpoint)
        listed |= {weights.name, weights.with_suffix(".json").name}
        if run.curve is not None:
            listed.add(weights.with_suffix(".curve.json").name)
    for path in sorted(folder.iterdir()):
        if path.name not in listed | {"entry.json", "README.md"}:
            raise ValueError(f"{path} does not belong to the entry; remove it")
