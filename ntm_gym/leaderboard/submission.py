"""Submission: evaluate checkpoints and make an entry of them, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import (
    CHECKPOINT_LOADER,
    TRUSTED_NETWORKS,
    load_checkpoint_agent,
)
from ntm_gym.evaluation.results import Results
from ntm_gym.evaluation.suites import Suite
from ntm_gym.files import read_json
from ntm_gym.leaderboard.attachments import hash_file
from ntm_gym.leaderboard.curves import read_training_log, write_curve
from ntm_gym.leaderboard.entries import (
    DESCRIBED,
    TRAINING_SEEDS,
    Entry,
    Run,
    write_entry,
)
from ntm_gym.leaderboard.fields import AMOUNT, COUNT, OBJECT, TEXT, TEXTS, check_fields
from ntm_gym.leaderboard.reading import read_entry

_DESCRIPTION = {
    "task": OBJECT,
    "train_seed": COUNT,
    "sequences": COUNT,
    "updates": COUNT,
    "wall_time_s": AMOUNT,
    "command": TEXT,
    "machine": TEXT,
    "versions": TEXTS,
    "parameters": COUNT,
}
_COMMON = ("machine", "versions", "parameters")


def submit(
    target: Path,
    checkpoints: Sequence[Path],
    suite: Suite,
    about: Mapping[str, str],
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str = CHECKPOINT_LOADER,
    on_point: Callable[[str], None] = lambda label: None,
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

    Returns:
        The entry.

    Raises:
        ValueError: If the target exists, a checkpoint is damaged, or the board would refuse
            the entry; then nothing is written.
    """
    if target.exists():
        raise ValueError(f"{target} must not exist yet; choose another folder")
    descriptions = [_read_description(path, suite) for path in checkpoints]
    _check_seeds([description["train_seed"] for description in descriptions])
    agents = [load_checkpoint_agent(path, trusted, loader) for path in checkpoints]
    results = [evaluate(agent, suite, on_point=on_point) for agent in agents]

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".entry-", dir=target.parent) as partial:
        folder = Path(partial) / target.name
        folder.mkdir()
        runs = tuple(
            _make_run(folder, *parts)
            for parts in zip(checkpoints, descriptions, results, strict=True)
        )
        entry = Entry(
            **{**about, **{name: descriptions[0][name] for name in _COMMON}},
            track=target.parent.name,
            memory_size=_memory_size(agents[0]),
            suite=suite,
            runs=runs,
        )
        write_entry(folder, entry)
        read_entry(folder)
        folder.rename(target)
    return entry


def _make_run(
    folder: Path, checkpoint: Path, description: Mapping[str, Any], results: Results
) -> Run:
    """Copy a checkpoint and its learning curve into the entry's folder."""
    weights = folder / f"seed-{description['train_seed']}.safetensors"
    shutil.copyfile(checkpoint, weights)
    shutil.copyfile(checkpoint.with_suffix(".json"), weights.with_suffix(".json"))
    log, curve = checkpoint.parent / "log.jsonl", weights.with_suffix(".curve.json")
    if log.exists():
        write_curve(curve, read_training_log(log))
    return Run(
        **{name: description[name] for name in DESCRIBED},
        checkpoint=weights.name,
        sha256=hash_file(weights),
        description_sha256=hash_file(weights.with_suffix(".json")),
        points=results.points,
        curve_sha256=hash_file(curve) if log.exists() else None,
    )


def _read_description(checkpoint: Path, suite: Suite) -> dict[str, Any]:
    path = checkpoint.with_suffix(".json")
    description = read_json(path)
    check_fields(str(path), description, _DESCRIPTION, only=False)
    task = suite.points[0].task
    if description["task"].get("name") != task:
        raise ValueError(
            f"{path} must be of task {task!r} to enter suite {suite.name!r}, "
            f"not of {description['task'].get('name')!r}"
        )
    return description


def _check_seeds(seeds: list[int]) -> None:
    if len(set(seeds)) < len(seeds) or not set(seeds) <= set(TRAINING_SEEDS):
        raise ValueError(
            f"checkpoints must have training seeds of their own among "
            f"{', '.join(map(str, TRAINING_SEEDS))}, not {', '.join(map(str, seeds))}"
        )


def _memory_size(agent: Agent) -> int | None:
    """Return the size of a network's memory, where its configuration has one."""
    network = getattr(agent, "network", None)
    size: int | None = getattr(getattr(network, "config", None), "memory_size", None)
    return size
