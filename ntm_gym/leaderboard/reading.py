"""Reading entries: every part is checked that can be checked without playing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
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
from ntm_gym.leaderboard.curves import parse_curve
from ntm_gym.leaderboard.descriptions import check_alike, check_claims, read_description
from ntm_gym.leaderboard.entries import MOST_SEEDS, Entry, Run, expected_seeds
from ntm_gym.leaderboard.fields import convert, list_names
from ntm_gym.leaderboard.schema import (
    COMMON,
    Curve,
    Description,
    EntryFields,
    EntryFile,
    RunFields,
    RunFile,
    Scores,
    SuiteReference,
    Training,
    fields_of,
)
from ntm_gym.leaderboard.scores import check_scores, oracle_results
from ntm_gym.leaderboard.weights import are_same, weigh
from ntm_gym.tensor_files import check_finite, parse_tensor_file
from ntm_gym.untrusted import MOST_DESCRIPTION_BYTES, parse_untrusted_json, short_repr


def read_entry(folder: Path) -> Entry:
    """Read an entry and check everything that can be checked without playing.

    Args:
        folder: Holds ``entry.json`` and the checkpoints.

    Raises:
        ValueError: If a field is missing, unknown or impossible, a file is not the one that
            the entry was made with, or a claim is not what description and weights say.
    """
    entry, file = read_claims(folder)
    where = f"{folder / 'entry.json'}: run of seed"
    runs = (
        msgspec.structs.replace(
            run, points=read_points(f"{where} {run.train_seed}", entry.suite, claim.points)
        )
        for run, claim in zip(entry.runs, file.runs, strict=True)
    )
    return msgspec.structs.replace(entry, runs=tuple(runs))


def read_claims(folder: Path) -> tuple[Entry, EntryFile]:
    """Return an entry without its scores, and what its file holds; see `read_entry`."""
    check_folder(folder)
    content = read_attachment(folder, "entry.json", MOST_JSON_BYTES)
    path = str(folder / "entry.json")
    file = convert(path, parse_untrusted_json(path, content), EntryFile)
    return check_entry(folder, file), file


def check_entry(folder: Path, file: EntryFile) -> Entry:
    """Check all of an entry but its scores.

    Args:
        folder: Holds the checkpoints.
        file: What ``entry.json`` holds or will hold.

    Returns:
        The entry, its runs without points.

    Raises:
        ValueError: As `read_entry`.
    """
    path = folder / "entry.json"
    suite = find_unchanged(str(path), file.suite)
    if not 1 <= len(file.runs) <= MOST_SEEDS:
        raise ValueError(
            f"{path}: there must be at least one run and at most {MOST_SEEDS}, "
            f"not {len(file.runs)}"
        )
    descriptions = [_read_description(folder, suite, file, run) for run in file.runs]
    _check_seeds(path, [run.train_seed for run in file.runs], file.missing_seeds)
    check_alike([run.checkpoint for run in file.runs], descriptions)
    runs = tuple(
        _read_run(folder, file.parameters, run, description.network in TRUSTED_NETWORKS)
        for run, description in zip(file.runs, descriptions, strict=True)
    )
    _check_weights(path, runs)
    _check_files(folder, runs)
    return Entry(**fields_of(file, EntryFields), suite=suite, runs=runs)


def find_unchanged(where: str, reference: SuiteReference) -> Suite:
    """Return the suite that a file names, if it still has the same episodes.

    Args:
        where: Which file, for error messages.
        reference: The suite's name, version and hash.

    Raises:
        ValueError: If there is no such suite, or it has changed.
    """
    if len(reference.name) > 100:
        raise ValueError(f"{where}: there is no suite {short_repr(reference.name)}")
    suite = find_suite(reference.name)
    if msgspec.structs.asdict(reference) != suite.reference():
        raise ValueError(
            f"{where}: suite {suite.name!r} must have version {suite.version} and hash "
            f"{suite.hash()}, not {reference.version} and {short_repr(reference.hash)}; its "
            f"episodes were others"
        )
    return suite


def _read_description(
    folder: Path, suite: Suite, entry: EntryFile, run: RunFile
) -> Description:
    """Return what a checkpoint says of itself, if the entry claims just that."""
    where = f"{folder / 'entry.json'}: run of seed {run.train_seed}"
    if not run.checkpoint.endswith(".safetensors"):
        raise ValueError(f"{where}: {short_repr(run.checkpoint)} must end in .safetensors")
    find_attachment(folder, run.checkpoint)
    path = (folder / run.checkpoint).with_suffix(".json")
    content = check_attachment(
        folder, path.name, run.description_sha256, MOST_DESCRIPTION_BYTES
    )
    description = read_description(str(path), parse_untrusted_json(str(path), content), suite)
    claims = fields_of(run, Training) | {name: getattr(entry, name) for name in COMMON}
    check_claims(where, claims | {"track": entry.track}, path, description)
    return description


def _read_run(folder: Path, parameters: int, run: RunFile, exact: bool) -> Run:
    """Return a run without its scores.

    Args:
        folder: The entry's.
        parameters: What the entry claims to have.
        run: The run's claims.
        exact: Whether all numbers of its weights are trainable.
    """
    path = folder / run.checkpoint
    file = parse_tensor_file(str(path), check_attachment(folder, run.checkpoint, run.sha256))
    check_finite(str(path), file)
    if parameters > file.size or (exact and parameters != file.size):
        raise ValueError(
            f"{folder / 'entry.json'}: parameters must be the {file.size} that {path} holds, "
            f"not {parameters}"
        )
    curve = _read_curve(folder, run)
    return Run(**fields_of(run, RunFields), points={}, curve=curve, weights=weigh(file))


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


def _read_curve(folder: Path, run: RunFile) -> Curve | None:
    if run.curve_sha256 is None:
        return None
    name = str(Path(run.checkpoint).with_suffix(".curve.json"))
    content = check_attachment(folder, name, run.curve_sha256, MOST_DESCRIPTION_BYTES)
    return parse_curve(str(folder / name), content, run.sequences)


def _read_point(where: str, suite: Suite, label: str, data: Any) -> PointResult:
    scores = convert(where, data, Scores)
    for name, values in msgspec.structs.asdict(scores).items():
        if values is not None and len(values) != suite.num_episodes:
            raise ValueError(
                f"{where}: {name} must hold {suite.num_episodes} numbers, not {len(values)}"
            )
    oracle = oracle_results(suite).points[label]
    bits = scores.bits_per_sequence
    point = PointResult(
        None if bits is None else np.array(bits, np.float64),
        np.array(scores.bit_errors_per_sequence, np.int64),
        oracle.target_bits_per_sequence,
    )
    check_scores(where, point, oracle)
    return point


def _check_seeds(path: Path, seeds: list[int], missing: list[int]) -> None:
    most = max(seeds + missing)
    if most > MOST_SEEDS:
        raise ValueError(f"{path}: training seeds must be 1 to {MOST_SEEDS}, not {most}")
    expected = expected_seeds(seeds)
    if sorted(seeds + missing) != list(expected):
        raise ValueError(
            f"{path}: every training seed of {', '.join(map(str, expected))} must have "
            f"one run or stand in missing_seeds; runs have {seeds}, "
            f"missing_seeds {short_repr(missing)}"
        )


def have_same_weights(run: Run, other: Run) -> bool:
    """Return whether two runs have the same weights, in any precision."""
    if run.weights is None or other.weights is None:
        return run.sha256 == other.sha256
    return run.sha256 == other.sha256 or are_same(run.weights, other.weights)


def _check_weights(path: Path, runs: tuple[Run, ...]) -> None:
    for place, run in enumerate(runs):
        for earlier in runs[:place]:
            if have_same_weights(run, earlier):
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
