"""A variant changes one thing, and lies where tables look for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.layout import finished_runs
from ntm_agents.training.recipes import find_recipe
from ntm_gym.files import read_json
from ntm_paper.sweep import train_variant
from ntm_paper.sweep.jobs import make_job
from ntm_paper.variants import VARIANTS, differences, find_variant, variant_folder

TINY = TrainingConfig(
    task_parameters={"max_length": 1},
    network_options={"memory_size": 6},
    sequences=4,
    report_every=2,
)


@pytest.mark.parametrize("recipe", ["copy/ntm-ff", "associative_recall/ntm-lstm"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_a_run_that_differs_in_what_its_name_says(recipe: str, name: str) -> None:
    base = find_recipe(recipe)

    changed = differences(find_variant(name)(base), base)

    respects = {
        "focus": {"initial_focus"},
        "memory": {"memory_start"},
        "cells": {"initial_forget"},
        "decay": {"decay_fraction"},
        "clipping": {"max_gradient_norm", "max_gradient_component"},
        "hardest": {"min_length", "min_items"},
        "length": {"sequences"},
        "augmentation": {"augmentation"},
        "chance": {"augmentation"},
        "noise": {"weight_noise"},
        "entropy": {"entropy_penalty", "entropy_penalty_from"},
    }
    [allowed] = [names for word, names in respects.items() if word in name.split("-")]
    assert changed.keys() <= allowed


def test_cells_are_changed_only_where_there_are_any() -> None:
    for recipe, expected in (("copy/ntm-ff", {}), ("copy/ntm-lstm", {"initial_forget": -3.0})):
        base = find_recipe(recipe)
        assert differences(find_variant("cells-forget")(base), base) == expected


def test_differences_name_the_new_values_and_leave_seeds_out() -> None:
    base = TrainingConfig(network_options={"initial_focus": 4.0}, seed=1)
    other = TrainingConfig(task_parameters={"max_length": 3}, decay_fraction=0.0, seed=2)

    assert differences(other, base) == {
        "decay_fraction": 0.0,
        "initial_focus": 10.0,
        "max_length": 3,
    }


def test_only_the_hardest_episodes_of_copy_are_as_long_as_the_longest() -> None:
    config = find_variant("hardest-only")(find_recipe("copy/ntm-ff"))

    task = config.make_task().parameters()

    assert task["min_length"] == task["max_length"] == 20


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"variant must be one of focus-0, .*not 'luck'"):
        find_variant("luck")


def test_a_variant_is_trained_into_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_variant, "find_recipe", lambda name: TINY)
    job = make_job(tmp_path, "copy/ntm-ff", 1, 1.0, "no-decay")

    assert train_variant.main(job.command[4:]) == 0

    folder = variant_folder(tmp_path, "copy/ntm-ff", "no-decay")
    assert finished_runs(folder) == {1: job.folder}
    assert read_json(job.folder / "config.json")["decay_fraction"] == 0
