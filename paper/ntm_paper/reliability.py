"""Reliability and length generalization: every finished run of a recipe and its variants."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.layout import CONFIG, LOG, MODEL, finished_runs
from ntm_agents.training.recipes import find_recipe
from ntm_agents.training.run_log import read_log
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.files import read_json, write_json
from ntm_paper.variants import differences, variants_folder

SOLVED_BITS = 0.05
"""A run has solved its task when a held-out sequence costs less than this on average."""
AS_IT_IS = "the recipe"


@dataclasses.dataclass(frozen=True)
class Record:
    """What is known of one finished run.

    Attributes:
        variant: Name of the variant; `AS_IT_IS` for the recipe.
        changes: What differs from the recipe, by name.
        seed: Training seed.
        sequences: Sequences trained on.
        solved_at: Sequences after which a report was first under `SOLVED_BITS`, or None.
        final_bits: Bits per validation sequence at the end.
        wrong_bits: Mean wrong bits per sequence by label of the suite's points.
        episodes: Episodes at each point.
        weights_sha256: Of the network that was evaluated.
    """

    variant: str
    changes: dict[str, Any]
    seed: int
    sequences: int
    solved_at: int | None
    final_bits: float
    wrong_bits: dict[str, float]
    episodes: int
    weights_sha256: str


def task_of(recipe: str) -> str:
    """Return the name of the task, and of its suite, that a recipe is for."""
    return find_recipe(recipe).task


def find_runs(root: Path, recipe: str) -> dict[tuple[str, int], Path]:
    """Return the folders of a recipe's finished runs and of its variants'.

    Args:
        root: Of all runs.
        recipe: Name of the recipe.

    Returns:
        Folders by variant and seed, the recipe itself first.
    """
    variants = sorted(variants_folder(root, recipe).glob("*"))
    groups = {AS_IT_IS: root / recipe, **{folder.name: folder for folder in variants}}
    return {
        (name, seed): run
        for name, folder in groups.items()
        for seed, run in finished_runs(folder).items()
    }


def examine(
    root: Path,
    recipe: str,
    known: Sequence[Record] = (),
    episodes: int | None = None,
    on_run: Callable[[str], None] = lambda label: None,
) -> list[Record]:
    """Read and evaluate all finished runs of a recipe and its variants.

    Args:
        root: Of all runs.
        recipe: Name of the recipe.
        known: Records of an earlier call; networks that are the same are not played again.
        episodes: Episodes a point; the suite's if None.
        on_run: Called with each run's name when it is done.
    """
    base, suite = find_recipe(recipe), find_suite(task_of(recipe))
    count = suite.num_episodes if episodes is None else episodes
    played = {
        record.weights_sha256: record.wrong_bits for record in known if record.episodes == count
    }
    records = []
    for (variant, seed), folder in find_runs(root, recipe).items():
        record = _examine(folder, variant, seed, base, suite, played, count)
        records.append(record)
        on_run(f"{variant}, seed {seed}")
    return records


def _examine(
    folder: Path,
    variant: str,
    seed: int,
    base: TrainingConfig,
    suite: Suite,
    played: Mapping[str, dict[str, float]],
    episodes: int,
) -> Record:
    model = folder / MODEL
    path = folder / CONFIG
    config = TrainingConfig.from_json(read_json(path), path)
    log = read_log(folder / LOG)
    if not log:
        raise ValueError(f"{folder / LOG} must hold the run's reports, but holds none")
    bits = {line["sequences"]: line["validation_bits_per_sequence"] for line in log}
    weights = hashlib.sha256(model.read_bytes()).hexdigest()
    return Record(
        variant=variant,
        changes=differences(config, base),
        seed=seed,
        sequences=config.sequences,
        solved_at=next((at for at, cost in bits.items() if cost < SOLVED_BITS), None),
        final_bits=log[-1]["validation_bits_per_sequence"],
        wrong_bits=played.get(weights) or _wrong_bits(model, suite, episodes),
        episodes=episodes,
        weights_sha256=weights,
    )


def _wrong_bits(model: Path, suite: Suite, episodes: int) -> dict[str, float]:
    from ntm_agents.network_agent import load_agent  # needs torch

    results = evaluate(load_agent(model), suite, episodes)
    return {
        label: float(point.bit_errors_per_sequence.mean())
        for label, point in results.points.items()
    }


def write_records(path: Path, recipe: str, records: Sequence[Record]) -> None:
    """Keep records as data."""
    data = {
        "recipe": recipe,
        "suite": find_suite(task_of(recipe)).reference(),
        "runs": [dataclasses.asdict(record) for record in records],
    }
    write_json(path, data)


def read_records(path: Path) -> list[Record]:
    """Read what `write_records` has written.

    Raises:
        ValueError: If the suite's episodes have changed since.
    """
    data = read_json(path)
    suite = find_suite(task_of(data["recipe"]))
    if data["suite"] != suite.reference():
        raise ValueError(f"{path} is of other episodes than suite {suite.name!r} has now")
    return [Record(**run) for run in data["runs"]]
