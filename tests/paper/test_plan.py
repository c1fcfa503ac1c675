"""The plan holds what the issue of this project asks for, and is selected as one says."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ntm_agents.training.recipes import RECIPES
from ntm_paper.cli import main
from ntm_paper.plan import PLAN, select
from ntm_paper.seeds import parse_seeds


def test_every_recipe_that_has_a_row_in_the_paper_is_planned_once() -> None:
    ours = sorted(name for name in RECIPES if f"paper/{name}" in RECIPES)
    assert sorted(row.recipe for row in PLAN) == ours


def test_seeds_begin_with_one_and_are_as_many_as_planned() -> None:
    [(row, seeds)] = select(["copy/ntm-ff"])
    assert seeds == tuple(range(1, row.num_seeds + 1))
    assert len(seeds) == 10


def test_one_seed_of_everything_can_be_selected() -> None:
    selected = select(seeds=[1])
    assert len(selected) == len(PLAN)
    assert {seeds for _, seeds in selected} == {(1,)}


def test_quick_is_one_seed_of_the_three_tasks_that_are_learned_in_minutes() -> None:
    selected = select(quick=True)
    assert {row.recipe.split("/")[0] for row, _ in selected} == {
        "copy",
        "repeat_copy",
        "associative_recall",
    }
    assert {seeds for _, seeds in selected} == {(1,)}


def test_rows_are_selected_by_pattern() -> None:
    names = [row.recipe for row, _ in select(["*/lstm"])]
    assert len(names) == 5
    assert all(name.endswith("/lstm") for name in names)


def test_a_pattern_that_fits_nothing_is_a_users_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "--only", "copy/gpt"]) == 2
    assert "a row must be one of copy/ntm-ff" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["one", "1-", "-3", "3-1", ","])
def test_malformed_seeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="seeds must be"):
        parse_seeds(text)


def test_a_dry_run_says_what_it_would_do_the_longest_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["--only", "copy/ntm-ff", "--only", "priority_sort/ntm-ff"]

    assert main(["train", *rows, "--seeds", "2", "--dry-run", "--runs", str(tmp_path)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        f"python -m ntm_agents.training.cli --recipe {name} --seed 2 "
        f"--output {shlex.quote(str(tmp_path / name / 'seed-2'))}"
        for name in ("priority_sort/ntm-ff", "copy/ntm-ff")
    ]


def test_variants_that_change_nothing_in_a_recipe_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--recipe", "copy/ntm-ff", "--seeds", "1", "--dry-run", "--runs", str(tmp_path)]

    assert main(["variants", *options]) == 0

    printed = capsys.readouterr().out
    assert "--variant no-decay" in printed
    assert "--variant memory-each" not in printed
