"""A job: one run of ``ntm-train`` in a process of its own, and how far it is."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from ntm_agents.training import cli
from ntm_agents.training.config import TrainingConfig, is_run
from ntm_agents.training.layout import LOG, has_published, run_folder
from ntm_agents.training.recipes import find_recipe
from ntm_agents.training.run_log import read_log
from ntm_paper.sweep import train_variant, worker
from ntm_paper.variants import find_variant, variant_folder


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """A run that is to be finished.

    Attributes:
        name: For people.
        group: Jobs of one group take equally long.
        arguments: Of the module that runs it.
        config: What they ask for.
        folder: Of the run.
        expected_s: Seconds that the whole run may take; only their ratios matter.
        module: Module that trains it, as ``python -m`` names it.
    """

    name: str
    group: str
    arguments: tuple[str, ...]
    config: TrainingConfig
    folder: Path
    expected_s: float
    module: str = cli.__name__

    @property
    def command(self) -> list[str]:
        """The command line of the process."""
        options = ["--output", str(self.folder), "--quiet"]
        return [sys.executable, "-m", worker.__name__, self.module, *self.arguments, *options]

    @property
    def finished(self) -> bool:
        """Whether this very run, and no other, has published its network."""
        return is_run(self.folder, self.config) and has_published(self.folder)


def make_job(
    root: Path, recipe: str, seed: int, expected_s: float, variant: str | None = None
) -> Job:
    """Return the job of a recipe and a seed.

    Args:
        root: Folder of all runs.
        recipe: Name of the recipe.
        seed: Training seed.
        expected_s: See `Job`.
        variant: Name of the variant; None for the recipe as it is.
    """
    config, program = find_recipe(recipe), cli.__name__
    folder = run_folder(root, recipe, seed)
    group, chosen = recipe, ["--recipe", recipe]
    if variant is not None:
        config, program = find_variant(variant)(config), train_variant.__name__
        folder = variant_folder(root, recipe, variant) / f"seed-{seed}"
        group, chosen = f"{recipe} {variant}", [*chosen, "--variant", variant]
    return Job(
        name=f"{group} seed {seed}",
        group=group,
        module=program,
        arguments=(*chosen, "--seed", str(seed)),
        config=dataclasses.replace(config, seed=seed),
        folder=folder,
        expected_s=expected_s,
    )


@dataclasses.dataclass(frozen=True)
class JobProgress:
    """How far a run is, by the last line of its log.

    Attributes:
        sequences: Sequences trained on.
        total: Sequences in all.
        bits: Bits per validation sequence; None before the first report.
        wall_time_s: Seconds that took, over all sessions.
        age_s: Seconds since.
    """

    sequences: int
    total: int
    bits: float | None
    wall_time_s: float
    age_s: float

    @property
    def seconds_per_sequence(self) -> float | None:
        """Measured speed; None before the first report."""
        return self.wall_time_s / self.sequences if self.sequences else None


def read_progress(job: Job) -> JobProgress:
    """Look at a run's log; damaged lines are left out."""
    log = job.folder / LOG
    lines = read_log(log)
    if not lines:
        return JobProgress(0, job.config.sequences, None, 0.0, 0.0)
    last = lines[-1]
    return JobProgress(
        last["sequences"],
        job.config.sequences,
        last["validation_bits_per_sequence"],
        last["wall_time_s"],
        max(0.0, time.time() - log.stat().st_mtime),
    )
