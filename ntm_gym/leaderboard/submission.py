"""Submission: evaluate checkpoints and make an entry of them, whole or not at all."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import (
    TRUSTED_NETWORKS,
    load_checkpoint_agent,
)
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Suite
from ntm_gym.files import write_together
from ntm_gym.leaderboard import TRACKS
from ntm_gym.leaderboard.attachments import MOST_BYTES, hash_file
from ntm_gym.leaderboard.board import check_against_board
from ntm_gym.leaderboard.curves import read_training_log, write_curve
from ntm_gym.leaderboard.descriptions import check_alike, read_description
from ntm_gym.leaderboard.entries import MOST_SEEDS, Entry, Run, write_entry
from ntm_gym.leaderboard.fields import convert
from ntm_gym.leaderboard.half_precision import check_halved, halve
from ntm_gym.leaderboard.reading import check_entry, read_entry
from ntm_gym.leaderboard.schema import (
    COMMON,
    About,
    Description,
    EntryFile,
    Training,
    fields_of,
)
from ntm_gym.leaderboard.verification import check_networks, measure
from ntm_gym.tensor_files import check_finite, parse_tensor_file
from ntm_gym.untrusted import (
    MOST_DESCRIPTION_BYTES,
    read_untrusted_bytes,
    read_untrusted_json,
    short_repr,
)


def submit(
    target: Path,
    checkpoints: Sequence[Path],
    suite: Suite,
    about: Mapping[str, str],
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str | None = None,
    on_point: Callable[[str], None] = lambda label: None,
    half: bool = False,
    known: Collection[Run] = (),
    board: Path | None = None,
) -> Entry:
    """Evaluate checkpoints in full and write an entry.

    Args:
        target: The entry's folder, ``BOARD/TRACK/NAME``; must not exist.
        checkpoints: One ``.safetensors`` file for each training seed; if the training's
            ``log.jsonl`` lies beside it, its learning curve is entered as well.
        suite: What they are judged on.
        about: The fields ``name``, ``authors``, ``link``, ``licence`` and ``commit``.
        trusted: Names of networks that may be imported.
        loader: Of the checkpoints; see `load_checkpoint_agent`.
        on_point: Called with each point's label when the point is done.
        half: Keep the weights in half precision, and judge those, if that is as good.
        known: Runs of this suite that have been judged; the same weights are not again.
        board: The board whose other entries it must differ from; the target's if None.

    Returns:
        The entry.

    Raises:
        ValueError: If the target exists, a checkpoint is damaged or too large to be verified,
            checkpoints were trained in different ways, half precision is not as good, or the
            board would refuse the entry; then nothing is written. All but the scores is
            checked before anything is played.
    """
    check_target(target)
    convert("the entry", dict(about), About)
    if not checkpoints:
        raise ValueError("an entry needs at least one checkpoint")
    descriptions = [_read_description(path, suite) for path in checkpoints]
    for checkpoint, description in zip(checkpoints, descriptions, strict=True):
        if description.track != target.parent.name:
            raise ValueError(
                f"{checkpoint} is of track {description.track!r} by its description, and "
                f"cannot enter {target.parent.name!r}"
            )
    _check_seeds([description.train_seed for description in descriptions])
    check_alike(checkpoints, descriptions)
    board = target.parent.parent if board is None else board

    with (
        _made_folder(target.parent),
        tempfile.TemporaryDirectory(prefix=".entry-", dir=target.parent) as partial,
    ):
        folder = Path(partial) / target.name
        folder.mkdir()
        files = [
            _copy_files(folder, checkpoint, description.train_seed, half)
            for checkpoint, description in zip(checkpoints, descriptions, strict=True)
        ]
        agent = load_checkpoint_agent(files[0], trusted, loader)
        fields: dict[str, Any] = {
            "format": 1,
            **about,
            **{name: getattr(descriptions[0], name) for name in COMMON},
            "track": target.parent.name,
            "memory_size": measure(agent).memory_size,
        }
        entry = Entry(**fields, suite=suite, runs=tuple(map(_make_run, files, descriptions)))
        path = str(folder / "entry.json")
        entry = check_entry(folder, convert(path, entry.to_json(), EntryFile))
        check_networks(entry, folder, trusted, loader)
        check_against_board(board / entry.track / target.name, entry)

        def play(checkpoint: Path) -> Results:
            agent = load_checkpoint_agent(checkpoint, trusted, loader)
            return evaluate(agent, suite, on_point=on_point)

        judged = {run.sha256: run.points for run in known}
        runs = []
        for run, checkpoint in zip(entry.runs, checkpoints, strict=True):
            points = judged.get(run.sha256) or _judge(
                folder / run.checkpoint, checkpoint if half else None, play
            )
            runs.append(msgspec.structs.replace(run, points=points))
        entry = msgspec.structs.replace(entry, runs=tuple(runs))
        write_entry(folder, entry)
        entry = read_entry(folder)
        check_target(target)
        folder.rename(target)
    return entry


def check_target(target: Path) -> None:
    """Check where an entry is to lie.

    Args:
        target: The entry's folder, ``BOARD/TRACK/NAME``.

    Raises:
        ValueError: If the track is unknown, the name is no plain name, or something is there.
    """
    name = target.name
    if target.parent.name not in TRACKS:
        raise ValueError(
            f"an entry must lie in a folder {' or '.join(TRACKS)}, "
            f"not {short_repr(target.parent.name)}"
        )
    check_folder_name(name)
    if target.is_symlink() or target.exists():
        raise ValueError(f"{target} must not exist yet; choose another folder")


def check_folder_name(name: str) -> None:
    """Check what an entry's folder is to be called.

    Args:
        name: One name, no path.

    Raises:
        ValueError: If it could lie elsewhere or not on every system.
    """
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is None:
        raise ValueError(
            "the folder's name must be 1 to 100 letters, digits, dots, dashes and underscores "
            f"and begin with a letter or digit, not {short_repr(name)}"
        )


@contextlib.contextmanager
def _made_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and remove what was made of it if what follows fails."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


def _judge(
    weights: Path, whole: Path | None, play: Callable[[Path], Results]
) -> dict[str, PointResult]:
    """Return what weights score, and check that halved ones score what the whole ones do."""
    points = play(weights).points
    if whole is not None:
        check_halved(str(whole), play(whole).points, points)
    return points


def _copy_files(folder: Path, checkpoint: Path, seed: int, half: bool) -> Path:
    """Copy a checkpoint and its learning curve into the entry's folder."""
    weights = folder / f"seed-{seed}.safetensors"
    content = read_untrusted_bytes(checkpoint, MOST_BYTES)
    description = read_untrusted_bytes(checkpoint.with_suffix(".json"), MOST_DESCRIPTION_BYTES)
    file = parse_tensor_file(str(checkpoint), content)
    check_finite(str(checkpoint), file)
    kept = halve(str(checkpoint), file) if half else content
    write_together({weights.with_suffix(".json"): description, weights: kept})
    log = checkpoint.parent / "log.jsonl"
    if log.exists():
        write_curve(weights.with_suffix(".curve.json"), read_training_log(log))
    return weights


def _make_run(weights: Path, description: Description) -> Run:
    curve = weights.with_suffix(".curve.json")
    return Run(
        **fields_of(description, Training),
        checkpoint=weights.name,
        sha256=hash_file(weights),
        description_sha256=hash_file(weights.with_suffix(".json")),
        points={},
        curve_sha256=hash_file(curve) if curve.exists() else None,
    )


def _read_description(checkpoint: Path, suite: Suite) -> Description:
    if checkpoint.suffix != ".safetensors":
        raise ValueError(
            f"a checkpoint must end in .safetensors, not {short_repr(str(checkpoint))}"
        )
    path = checkpoint.with_suffix(".json")
    return read_description(str(path), read_untrusted_json(path), suite)


def _check_seeds(seeds: list[int]) -> None:
    allowed = range(1, MOST_SEEDS + 1)
    if len(set(seeds)) < len(seeds) or not set(seeds) <= set(allowed):
        raise ValueError(
            f"checkpoints must have training seeds of their own from {allowed[0]} to "
            f"{allowed[-1]}, not {', '.join(map(str, seeds))}"
        )
