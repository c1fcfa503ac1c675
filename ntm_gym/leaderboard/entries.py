"""Entries: what an agent scored, run by run, and the checkpoints that did.

An entry is a folder ``TRACK/NAME`` with an ``entry.json`` and one checkpoint for each training
seed. It names no code: which networks may be built is decided by whoever verifies.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.files import read_json, write_json

FORMAT = 1
TRACKS = ("supervised", "reward-only")
MOST_BYTES = 64 * 2**20
_ENTRY_FIELDS = {
    "format": int,
    "name": str,
    "track": str,
    "authors": str,
    "link": str,
    "licence": str,
    "parameters": int,
    "sequences": int,
    "suite": dict,
    "runs": list,
}
_RUN_FIELDS = {"train_seed": int, "checkpoint": str, "sha256": str, "points": dict}


@dataclasses.dataclass(frozen=True)
class Run:
    """One training seed.

    Attributes:
        train_seed: The seed.
        checkpoint: File name of its weights, beside the entry.
        sha256: Of that file.
        points: Raw results by the suite's labels.
    """

    train_seed: int
    checkpoint: str
    sha256: str
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
        parameters: Trainable numbers.
        sequences: Training sequences of each run.
        suite: What it was judged on.
        runs: One for each training seed.
    """

    name: str
    track: str
    authors: str
    link: str
    licence: str
    parameters: int
    sequences: int
    suite: Suite
    runs: tuple[Run, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the entry, ready for JSON."""
        fields = {
            name: getattr(self, name)
            for name in _ENTRY_FIELDS
            if name not in ("format", "suite", "runs")
        }
        return {
            "format": FORMAT,
            **fields,
            "suite": {
                "name": self.suite.name,
                "version": self.suite.version,
                "hash": self.suite.hash(),
            },
            "runs": [
                {
                    "train_seed": run.train_seed,
                    "checkpoint": run.checkpoint,
                    "sha256": run.sha256,
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


def write_entry(folder: Path, entry: Entry) -> None:
    """Write ``entry.json`` into a folder that holds the checkpoints already."""
    write_json(folder / "entry.json", entry.to_json(), indent=None)


def read_entry(folder: Path) -> Entry:
    """Read an entry and check everything that can be checked without playing.

    Args:
        folder: Holds ``entry.json`` and the checkpoints.

    Raises:
        ValueError: If a field is missing, unknown or impossible, or a file is not the one
            that the entry was made with.
    """
    path = folder / "entry.json"
    if not path.is_file():
        raise ValueError(f"{folder} must hold entry.json")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} must be smaller than {MOST_BYTES} bytes")
    data = read_json(path)
    _check_fields(str(path), data, _ENTRY_FIELDS)
    if data["format"] != FORMAT:
        raise ValueError(f"{path}: format must be {FORMAT}, not {data['format']}")
    if data["track"] not in TRACKS:
        raise ValueError(f"{path}: track must be one of {TRACKS}, not {data['track']!r}")
    suite = find_suite(str(data["suite"].get("name")))
    if data["suite"].get("hash") != suite.hash():
        raise ValueError(
            f"{path}: suite {suite.name!r} must have hash {suite.hash()}, "
            f"not {data['suite'].get('hash')!r}; its episodes were others"
        )
    if not data["runs"]:
        raise ValueError(f"{path}: there must be at least one run")
    runs = tuple(_read_run(folder, suite, run) for run in data["runs"])
    seeds = [run.train_seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"{path}: every run must have a train_seed of its own, not {seeds}")
    kept = {
        name: data[name] for name in _ENTRY_FIELDS if name not in ("format", "suite", "runs")
    }
    return Entry(**kept, suite=suite, runs=runs)


def hash_file(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_run(folder: Path, suite: Suite, data: Any) -> Run:
    where = f"{folder / 'entry.json'}: run"
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be an object, not {data!r}")
    _check_fields(where, data, _RUN_FIELDS)
    where = f"{where} of seed {data['train_seed']}"
    checkpoint = folder / data["checkpoint"]
    if Path(data["checkpoint"]).name != data["checkpoint"] or checkpoint.is_symlink():
        raise ValueError(f"{where}: {data['checkpoint']!r} must be a file beside the entry")
    if not checkpoint.is_file():
        raise ValueError(f"{where}: there is no checkpoint {checkpoint}")
    if checkpoint.stat().st_size > MOST_BYTES:
        raise ValueError(f"{where}: {checkpoint} must be smaller than {MOST_BYTES} bytes")
    if hash_file(checkpoint) != data["sha256"]:
        raise ValueError(f"{where}: {checkpoint} is not the file with sha256 {data['sha256']}")
    labels = [point.label for point in suite.points]
    if sorted(data["points"]) != sorted(labels):
        raise ValueError(
            f"{where}: points must be {', '.join(labels)}, not {', '.join(data['points'])}"
        )
    points = {
        label: _read_point(f"{where}, point {label}", suite, data["points"][label])
        for label in labels
    }
    return Run(data["train_seed"], data["checkpoint"], data["sha256"], points)


def _read_point(where: str, suite: Suite, data: Any) -> PointResult:
    fields = ["bits_per_sequence", "bit_errors_per_sequence", "target_bits_per_sequence"]
    if not isinstance(data, dict) or sorted(data) != sorted(fields):
        raise ValueError(f"{where} must hold {', '.join(fields)}")
    for name in fields:
        values = data[name]
        if name == "bits_per_sequence" and values is None:
            continue
        if not isinstance(values, list) or len(values) != suite.num_episodes:
            raise ValueError(f"{where}: {name} must hold {suite.num_episodes} numbers")
        if not all(
            isinstance(value, (int, float)) and np.isfinite(value) and value >= 0
            for value in values
        ):
            raise ValueError(f"{where}: {name} must hold finite numbers of at least 0")
    errors, asked = np.array(data[fields[1]]), np.array(data[fields[2]])
    if (errors > asked).any():
        raise ValueError(f"{where}: there cannot be more wrong bits than bits")
    bits = data["bits_per_sequence"]
    return PointResult(
        None if bits is None else np.array(bits, np.float64),
        errors.astype(np.int64),
        asked.astype(np.int64),
    )


def _check_fields(where: str, data: dict[str, Any], fields: dict[str, type]) -> None:
    missing, unknown = sorted(fields.keys() - data), sorted(data.keys() - fields)
    if missing or unknown:
        raise ValueError(
            f"{where} must have the fields {', '.join(fields)}; "
            f"missing: {', '.join(missing) or 'none'}, unknown: {', '.join(unknown) or 'none'}"
        )
    for name, kind in fields.items():
        if not isinstance(data[name], kind):
            raise ValueError(f"{where}: {name} must be {kind.__name__}, not {data[name]!r}")
