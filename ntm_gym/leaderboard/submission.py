"""Submission: evaluate checkpoints and make an entry of them, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import (
    CHECKPOINT_LOADER,
    TRUSTED_NETWORKS,
    load_checkpoint_agent,
)
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.files import read_json
from ntm_gym.leaderboard.attachments import hash_file
from ntm_gym.leaderboard.curves import read_training_log, write_curve
from ntm_gym.leaderboard.entries import (
    DESCRIBED,
    MOST_SEEDS,
    Entry,
    Run,
    write_entry,
)
from ntm_gym.leaderboard.fields import AMOUNT, COUNT, OBJECT, TEXT, TEXTS, check_fields
from ntm_gym.leaderboard.half_precision import check_halved, halve
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
    half: bool = False,
    known: Iterable[Run] = (),
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

    Returns:
        The entry.

    Raises:
        ValueError: If the target exists, a checkpoint is damaged, checkpoints were trained in
            different ways, half precision is not as good, or the board would refuse the
            entry; then nothing is written.
    """
    if target.exists():
        raise ValueError(f"{target} must not exist yet; choose another folder")
    descriptions = [_read_description(path, suite) for path in checkpoints]
    _check_seeds([description["train_seed"] for description in descriptions])
    _check_training(checkpoints, descriptions)
    agents = [load_checkpoint_agent(path, trusted, loader) for path in checkpoints]
    judged = {run.sha256: run.points for run in known}

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".entry-", dir=target.parent) as partial:
        folder = Path(partial) / target.name
        folder.mkdir()
        runs = []
        for checkpoint, description, agent in zip(
            checkpoints, descriptions, agents, strict=True
        ):
            weights = _copy_files(folder, checkpoint, description["train_seed"], half)
            points = judged.get(hash_file(weights))
            if points is None:
                points = evaluate(agent, suite, on_point=on_point).points
                if half:
                    halved = load_checkpoint_agent(weights, trusted, loader)
                    whole, points = points, evaluate(halved, suite, on_point=on_point).points
                    check_halved(str(checkpoint), whole, points)
            runs.append(_make_run(weights, description, points))
        entry = Entry(
            **{**about, **{name: descriptions[0][name] for name in _COMMON}},
            track=target.parent.name,
            memory_size=_memory_size(agents[0]),
            suite=suite,
            runs=tuple(runs),
        )
        write_entry(folder, entry)
        read_entry(folder)
        folder.rename(target)
    return entry


def _copy_files(folder: Path, checkpoint: Path, seed: int, half: bool) -> Path:
    """Copy a checkpoint and its learning curve into the entry's folder."""
    weights = folder / f"seed-{seed}.safetensors"
    if half:
        halve(checkpoint, weights)
    else:
        shutil.copyfile(checkpoint, weights)
        shutil.copyfile(checkpoint.with_suffix(".json"), weights.with_suffix(".json"))
    log = checkpoint.parent / "log.jsonl"
    if log.exists():
        write_curve(weights.with_suffix(".curve.json"), read_training_log(log))
    return weights


def _make_run(
    weights: Path, description: Mapping[str, Any], points: dict[str, PointResult]
) -> Run:
    curve = weights.with_suffix(".curve.json")
    return Run(
        **{name: description[name] for name in DESCRIBED if name in description},
        checkpoint=weights.name,
        sha256=hash_file(weights),
        description_sha256=hash_file(weights.with_suffix(".json")),
        points=points,
        curve_sha256=hash_file(curve) if curve.exists() else None,
    )


def _check_training(
    checkpoints: Sequence[Path], descriptions: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse runs that differ in more than their seed, as far as they say."""
    recipes = [dict(description.get("training", {})) for description in descriptions]
    for checkpoint, recipe in zip(checkpoints, recipes, strict=True):
        names = sorted(recipe.keys() | recipes[0].keys())
        differing = [n for n in names if n != "seed" and recipe.get(n) != recipes[0].get(n)]
        if differing:
            raise ValueError(
                f"{checkpoint} must be trained like {checkpoints[0]} to share an entry; "
                f"{', '.join(differing)} differ"
            )


def _read_description(checkpoint: Path, suite: Suite) -> dict[str, Any]:
    path = checkpoint.with_suffix(".json")
    description = read_json(path)
    check_fields(str(path), description, _DESCRIPTION, only=False)
    task = suite.trained.task
    if description["task"].get("name") != task:
        raise ValueError(
            f"{path} must be of task {task!r} to enter suite {suite.name!r}, "
            f"not of {description['task'].get('name')!r}"
        )
    return description


def _check_seeds(seeds: list[int]) -> None:
    allowed = range(1, MOST_SEEDS + 1)
    if len(set(seeds)) < len(seeds) or not set(seeds) <= set(allowed):
        raise ValueError(
            f"checkpoints must have training seeds of their own from {allowed[0]} to "
            f"{allowed[-1]}, not {', '.join(map(str, seeds))}"
        )


def _memory_size(agent: Agent) -> int | None:
    """Return the size of a network's memory, where its configuration has one."""
    network = getattr(agent, "network", None)
    size: int | None = getattr(getattr(network, "config", None), "memory_size", None)
    return size
