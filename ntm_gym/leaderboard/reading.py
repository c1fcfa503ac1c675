"""Reading entries: every part is checked that can be checked without playing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ntm_gym.evaluation.loading import TRUSTED_NETWORKS
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.leaderboard.attachments import (
    MOST_JSON_BYTES,
    check_attachment,
    check_folder,
    find_attachment,
    read_attachment,
)
from ntm_gym.leaderboard.curves import Curve, parse_curve
from ntm_gym.leaderboard.descriptions import (
    COMMON,
    check_alike,
    check_claims,
    check_description,
)
from ntm_gym.leaderboard.entries import (
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
    list_names,
)
from ntm_gym.leaderboard.scores import check_scores, oracle_results
from ntm_gym.leaderboard.weights import are_same, weigh
from ntm_gym.tensor_files import check_finite, parse_tensor_file
from ntm_gym.untrusted import MOST_DESCRIPTION_BYTES, parse_untrusted_json, short_repr

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
        ValueError: If an entry is refused or lies in another track's folder, two entries
            share their weights, or two of a track and suite their name.
    """
    entries = [(folder, read_entry(folder)) for folder in find_entries(board)]
    for place, (folder, entry) in enumerate(entries):
        check_place(folder, entry)
        for other, earlier in entries[:place]:
            check_different(folder, entry, other, earlier)
    return entries


def check_place(folder: Path, entry: Entry) -> None:
    """Check that an entry lies in its track's folder.

    Args:
        folder: Where it lies.
        entry: The entry.

    Raises:
        ValueError: If it is another track's, or a link.
    """
    if folder.parent.is_symlink():
        raise ValueError(f"{folder.parent} must be a folder, not a link")
    if folder.parent.name != entry.track:
        raise ValueError(
            f"{folder} must lie in a folder {entry.track!r}, not {folder.parent.name!r}"
        )


def check_against_board(folder: Path, entry: Entry) -> None:
    """Check one entry against all others of the board that it lies on.

    An entry that does not lie in a track's folder is on no board. Others that are refused
    themselves are passed over; a verification of the whole board names them.

    Args:
        folder: Where it lies or will lie, ``BOARD/TRACK/NAME``.
        entry: The entry.

    Raises:
        ValueError: If another entry has the same weights, or the same name in its track and
            suite, or this one lies in another track's folder.
    """
    if folder.resolve().parent.name not in TRACKS:
        return
    folder = folder.parent.resolve() / folder.name
    check_place(folder, entry)
    for path in sorted(folder.parent.parent.glob("*/*/entry.json")):
        if path.parent == folder:
            continue
        try:
            other, _ = _read_claims(path.parent)
        except (ValueError, OSError):
            continue
        check_different(folder, entry, path.parent, other)


def check_different(folder: Path, entry: Entry, other: Path, earlier: Entry) -> None:
    """Check that two entries are two.

    Args:
        folder: Of the one.
        entry: The one.
        other: Folder of the other.
        earlier: The other.

    Raises:
        ValueError: If both have the same weights in any precision, or the same name in one
            track and suite.
    """
    if (entry.track, entry.suite, entry.name) == (earlier.track, earlier.suite, earlier.name):
        raise ValueError(
            f"{folder} must not repeat {other}: both have the name {short_repr(entry.name)}"
        )
    for run in entry.runs:
        for before in earlier.runs:
            if _have_same_weights(run, before):
                raise ValueError(
                    f"{folder} must not repeat {other}: both have the weights of "
                    f"{run.checkpoint} and {before.checkpoint}"
                )


def _have_same_weights(run: Run, other: Run) -> bool:
    if run.weights is None or other.weights is None:
        return run.sha256 == other.sha256
    return run.sha256 == other.sha256 or are_same(run.weights, other.weights)


def read_entry(folder: Path) -> Entry:
    """Read an entry and check everything that can be checked without playing.

    Args:
        folder: Holds ``entry.json`` and the checkpoints.

    Raises:
        ValueError: If a field is missing, unknown or impossible, a file is not the one that
            the entry was made with, or a claim is not what description and weights say.
    """
    entry, data = _read_claims(folder)
    where = f"{folder / 'entry.json'}: run of seed"
    runs = [
        dataclasses.replace(
            run, points=read_points(f"{where} {run.train_seed}", entry.suite, claim["points"])
        )
        for run, claim in zip(entry.runs, data["runs"], strict=True)
    ]
    return dataclasses.replace(entry, runs=tuple(runs))


def _read_claims(folder: Path) -> tuple[Entry, dict[str, Any]]:
    """Return an entry without its scores, and what its file holds."""
    check_folder(folder)
    content = read_attachment(folder, "entry.json", MOST_JSON_BYTES)
    data = parse_untrusted_json(str(folder / "entry.json"), content)
    return check_entry(folder, data), data


def check_entry(folder: Path, data: dict[str, Any]) -> Entry:
    """Check all of an entry but its scores.

    Args:
        folder: Holds the checkpoints.
        data: What ``entry.json`` holds or will hold.

    Returns:
        The entry, its runs without points.

    Raises:
        ValueError: As `read_entry`.
    """
    path = folder / "entry.json"
    kinds = {"suite": OBJECT, "missing_seeds": COUNTS, "runs": LIST}
    check_fields(str(path), data, {"format": COUNT, **ENTRY_FIELDS, **kinds})
    if data["format"] != FORMAT:
        raise ValueError(f"{path}: format must be {FORMAT}, not {data['format']}")
    if data["track"] not in TRACKS:
        raise ValueError(
            f"{path}: track must be one of {TRACKS}, not {short_repr(data['track'])}"
        )
    suite = read_suite(str(path), data["suite"])
    if not 1 <= len(data["runs"]) <= MOST_SEEDS:
        raise ValueError(
            f"{path}: there must be at least one run and at most {MOST_SEEDS}, "
            f"not {len(data['runs'])}"
        )
    for run in data["runs"]:
        check_fields(f"{path}: run", run, {**RUN_FIELDS, "points": OBJECT})
    descriptions = [_read_description(folder, suite, data, run) for run in data["runs"]]
    _check_seeds(path, [run["train_seed"] for run in data["runs"]], data["missing_seeds"])
    check_alike([run["checkpoint"] for run in data["runs"]], descriptions)
    runs = tuple(
        _read_run(folder, data, run, description)
        for run, description in zip(data["runs"], descriptions, strict=True)
    )
    _check_weights(path, runs)
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
    if len(data["name"]) > 100:
        raise ValueError(f"{where}: there is no suite {short_repr(data['name'])}")
    suite = find_suite(data["name"])
    if data != suite.reference():
        raise ValueError(
            f"{where}: suite {suite.name!r} must have version {suite.version} and hash "
            f"{suite.hash()}, not {data['version']} and {short_repr(data['hash'])}; its "
            f"episodes were others"
        )
    return suite


def _read_description(
    folder: Path, suite: Suite, entry: dict[str, Any], run: dict[str, Any]
) -> dict[str, Any]:
    """Return what a checkpoint says of itself, if the entry claims just that."""
    where = f"{folder / 'entry.json'}: run of seed {run['train_seed']}"
    if not run["checkpoint"].endswith(".safetensors"):
        raise ValueError(f"{where}: {short_repr(run['checkpoint'])} must end in .safetensors")
    find_attachment(folder, run["checkpoint"])
    name = str(Path(run["checkpoint"]).with_suffix(".json"))
    content = check_attachment(folder, name, run["description_sha256"], MOST_DESCRIPTION_BYTES)
    path = folder / name
    description = parse_untrusted_json(str(path), content)
    track = check_description(str(path), description, suite)
    check_claims(where, {name: entry[name] for name in COMMON} | run, path, description)
    if entry["track"] != track:
        raise ValueError(
            f"{where}: track must be as in {path}, {track!r}, not {entry['track']!r}"
        )
    return description


def _read_run(
    folder: Path, entry: dict[str, Any], run: dict[str, Any], description: dict[str, Any]
) -> Run:
    path = folder / run["checkpoint"]
    content = check_attachment(folder, run["checkpoint"], run["sha256"])
    file = parse_tensor_file(str(path), content)
    check_finite(str(path), file)
    exact = description.get("network") in TRUSTED_NETWORKS
    if entry["parameters"] > file.size or (exact and entry["parameters"] != file.size):
        raise ValueError(
            f"{folder / 'entry.json'}: parameters must be the {file.size} that {path} holds, "
            f"not {entry['parameters']}"
        )
    return Run(
        **{name: run[name] for name in RUN_FIELDS},
        points={},
        curve=_read_curve(folder, run),
        weights=weigh(file),
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
        raise ValueError(f"{where}: points must be {', '.join(labels)}, not {list_names(data)}")
    return {
        label: _read_point(f"{where}, point {label}", suite, label, data[label])
        for label in labels
    }


def _read_curve(folder: Path, run: dict[str, Any]) -> Curve | None:
    if run["curve_sha256"] is None:
        return None
    name = str(Path(run["checkpoint"]).with_suffix(".curve.json"))
    content = check_attachment(folder, name, run["curve_sha256"], MOST_DESCRIPTION_BYTES)
    return parse_curve(str(folder / name), content, run["sequences"])


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


def _check_seeds(path: Path, seeds: list[int], missing: list[int]) -> None:
    most = max(seeds + missing)
    if most > MOST_SEEDS:
        raise ValueError(f"{path}: training seeds must be 1 to {MOST_SEEDS}, not {most}")
    asked = asked_seeds(seeds)
    if sorted(seeds + missing) != list(asked):
        raise ValueError(
            f"{path}: every training seed of {', '.join(map(str, asked))} must have "
            f"one run or stand in missing_seeds; runs have {seeds}, "
            f"missing_seeds {short_repr(missing)}"
        )


def _check_weights(path: Path, runs: tuple[Run, ...]) -> None:
    for place, run in enumerate(runs):
        for earlier in runs[:place]:
            if _have_same_weights(run, earlier):
                raise ValueError(
                    f"{path}: two runs must not have the same weights, but "
                    f"{earlier.checkpoint} and {run.checkpoint} do"
                )


def _check_files(folder: Path, runs: tuple[Run, ...]) -> None:
    listed = {"entry.json", "README.md"}
    for run in runs:
        weights = Path(run.checkpoint)
        listed |= {weights.name, weights.with_suffix(".json").name}
        if run.curve is not None:
            listed.add(weights.with_suffix(".curve.json").name)
    for path in sorted(folder.iterdir()):
        if path.name not in listed or path.is_symlink() or not path.is_file():
            raise ValueError(
                f"{short_repr(str(path))[1:-1]} does not belong to the entry; remove it"
            )
