"""Entries: what an agent scored, run by run, and the checkpoints that did.

An entry is a folder ``TRACK/NAME`` with an ``entry.json`` and one checkpoint for each training
seed. It names no code: which networks may be built is decided by whoever verifies.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.files import read_json, write_atomically
from ntm_gym.leaderboard.attachments import check_attachment, find_attachment
from ntm_gym.leaderboard.fields import (
    AMOUNT,
    AMOUNTS_OR_NONE,
    COUNT,
    COUNT_OR_NONE,
    COUNTS,
    LIST,
    OBJECT,
    SHA256,
    TEXT,
    TEXTS,
    check_fields,
)
from ntm_gym.leaderboard.scores import check_scores, oracle_results

FORMAT = 1
TRACKS = ("supervised", "reward-only")
TRAINING_SEEDS = (1, 2, 3, 4, 5)
"""The board's: nobody chooses the seeds that went well."""

_ENTRY = {
    "name": TEXT,
    "track": TEXT,
    "authors": TEXT,
    "link": TEXT,
    "licence": TEXT,
    "commit": TEXT,
    "machine": TEXT,
    "versions": TEXTS,
    "parameters": COUNT,
    "memory_size": COUNT_OR_NONE,
}
_RUN = {
    "train_seed": COUNT,
    "sequences": COUNT,
    "updates": COUNT,
    "wall_time_s": AMOUNT,
    "command": TEXT,
    "checkpoint": TEXT,
    "sha256": SHA256,
    "description_sha256": SHA256,
}
_POINT = {"bits_per_sequence": AMOUNTS_OR_NONE, "bit_errors_per_sequence": COUNTS}
_SUITE = {"name": TEXT, "version": COUNT, "hash": TEXT}
DESCRIBED = ("train_seed", "sequences", "updates", "wall_time_s", "command")
"""Fields of a run that its checkpoint's description holds as well."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One training seed.

    Attributes:
        train_seed: The seed, one of the board's.
        sequences: Sequences trained on.
        updates: Steps of the optimizer.
        wall_time_s: Seconds of training.
        command: That trained it.
        checkpoint: File name of its weights, beside the entry; ``.json`` describes them.
        sha256: Of the weights.
        description_sha256: Of the description.
        points: Raw results by the suite's labels.
    """

    train_seed: int
    sequences: int
    updates: int
    wall_time_s: float
    command: str
    checkpoint: str
    sha256: str
    description_sha256: str
    points: dict[str, PointResult]


@dataclasses.dataclass(frozen=True)
class Entry:
    """A competitor.

    Attributes:
        name: What the table calls it.
        track: ``"supervised"`` or ``"reward-only"``.
        authors: Who made it.
        link: Where it is described; may be empty.
        licence: Of code and weights.
        commit: Of the code that trained it; may be empty.
        machine: That trained it.
        versions: Of what it was trained with, by name.
        parameters: Trainable numbers.
        memory_size: Locations of its memory; None if it has none of its own.
        suite: What it was judged on.
        runs: One for each training seed; ``missing_seeds`` says which of the board's are not
            there, so that none gets lost.
    """

    name: str
    track: str
    authors: str
    link: str
    licence: str
    commit: str
    machine: str
    versions: dict[str, str]
    parameters: int
    memory_size: int | None
    suite: Suite
    runs: tuple[Run, ...]

    @property
    def sequences(self) -> int:
        """Sequences that the longest run was trained on."""
        return max(run.sequences for run in self.runs)

    @property
    def missing_seeds(self) -> list[int]:
        """The board's training seeds without a run."""
        return sorted(set(TRAINING_SEEDS) - {run.train_seed for run in self.runs})

    def to_json(self) -> dict[str, Any]:
        """Return the entry, ready for JSON."""
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in _ENTRY},
            "suite": self.suite.reference(),
            "missing_seeds": self.missing_seeds,
            "runs": [
                {
                    **{name: getattr(run, name) for name in _RUN},
                    "points": {label: point.to_json() for label, point in run.points.items()},
                }
                for run in self.runs
            ],
        }


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


def write_entry(folder: Path, entry: Entry) -> None:
    """Write ``entry.json`` into a folder that holds the checkpoints already.

    Every list of numbers stands on a line of its own.
    """
    text = json.dumps(entry.to_json(), indent=1, allow_nan=False)
    text = re.sub(r"\[[-+.,\s\de]*\]", lambda match: re.sub(r"\s+", "", match[0]), text)
    write_atomically(folder / "entry.json", (text + "\n").encode())


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
    check_fields(str(path), data, {"format": COUNT, **_ENTRY, **kinds})
    if data["format"] != FORMAT:
        raise ValueError(f"{path}: format must be {FORMAT}, not {data['format']}")
    if data["track"] not in TRACKS:
        raise ValueError(f"{path}: track must be one of {TRACKS}, not {data['track']!r}")
    suite = _read_suite(str(path), data["suite"])
    runs = tuple(_read_run(folder, suite, run) for run in data["runs"])
    _check_seeds(path, runs, data["missing_seeds"])
    _check_files(folder, runs)
    return Entry(**{name: data[name] for name in _ENTRY}, suite=suite, runs=runs)


def _read_suite(where: str, data: Any) -> Suite:
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
    check_fields(where, data, {**_RUN, "points": OBJECT})
    where = f"{where} of seed {data['train_seed']}"
    if not data["checkpoint"].endswith(".safetensors"):
        raise ValueError(f"{where}: {data['checkpoint']!r} must end in .safetensors")
    weights = check_attachment(folder, data["checkpoint"], data["sha256"])
    description_path = check_attachment(
        folder, weights.with_suffix(".json").name, data["description_sha256"]
    )
    description = read_json(description_path)
    check_fields(str(description_path), description, {"task": OBJECT}, only=False)
    claims = {name: data[name] for name in DESCRIBED} | {"task": suite.points[0].task}
    described = {name: description.get(name) for name in DESCRIBED}
    described["task"] = description["task"].get("name")
    for name, claim in claims.items():
        if described[name] != claim:
            raise ValueError(
                f"{where}: {name} must be as in {description_path}, {described[name]!r}, "
                f"not {claim!r}"
            )
    labels = [point.label for point in suite.points]
    if sorted(data["points"]) != sorted(labels):
        raise ValueError(
            f"{where}: points must be {', '.join(labels)}, not {', '.join(data['points'])}"
        )
    points = {
        label: _read_point(f"{where}, point {label}", suite, label, data["points"][label])
        for label in labels
    }
    return Run(**{name: data[name] for name in _RUN}, points=points)


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
    if sorted(seeds + missing) != list(TRAINING_SEEDS):
        raise ValueError(
            f"{path}: every training seed of {', '.join(map(str, TRAINING_SEEDS))} must have "
            f"one run or stand in missing_seeds; runs have {seeds}, missing_seeds {missing}"
        )
    if len({run.sha256 for run in runs}) < len(runs):
        raise ValueError(f"{path}: two runs must not have the same weights")


def _check_files(folder: Path, runs: tuple[Run, ...]) -> None:
    weights = {run.checkpoint for run in runs}
    listed = weights | {Path(name).with_suffix(".json").name for name in weights}
    for path in sorted(folder.iterdir()):
        if path.name not in listed | {"entry.json", "README.md"}:
            raise ValueError(f"{path} does not belong to the entry; remove it")
