"""Figures: what is drawn is what the data say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from ntm_gym.cli import main
from ntm_gym.figures.catalogue import FIGURES
from ntm_gym.figures.curves import median_curve
from ntm_gym.figures.memory_use import fit_write_locations, visited


def test_every_figure_of_the_paper_from_3_to_18_is_there() -> None:
    assert sorted(FIGURES) == list(range(3, 19))


def test_the_median_is_taken_where_all_seeds_have_reported() -> None:
    seeds = [np.array([[1.0, 9], [2, 1], [3, 0]]), np.array([[1.0, 5], [2, 3]])]

    assert median_curve(seeds).tolist() == [[1, 7], [2, 2]]


def test_a_stretch_of_visited_locations_may_cross_the_end_of_the_circle() -> None:
    weightings = np.zeros((2, 10))
    weightings[0, 9] = weightings[1, 1] = 1

    assert visited(weightings).tolist() == [8, 9, 0, 1, 2]


def test_the_fit_finds_the_head_that_writes_by_priority_across_the_end_of_the_circle() -> None:
    priorities = np.linspace(-1, 1, 9)
    locations = np.round(4 * priorities).astype(int) % 128
    weightings = np.zeros((9, 2, 128))
    weightings[:, 0, 5] = 1
    weightings[np.arange(9), 1, locations] = 1

    fit = fit_write_locations(weightings, priorities)

    assert fit.head == 1
    assert fit.explained == pytest.approx(1)
    np.testing.assert_allclose(fit.observed, 4 * priorities, atol=1e-6)


def test_missing_runs_are_named_in_one_line_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(tmp_path), "--out", str(tmp_path / "out")]

    assert main(["figures", *runs]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FIGURES)
    assert all("is missing: no finished run in" in line for line in lines)


def test_an_unknown_number_is_a_users_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", "--only", "99", "--runs", "."]) == 2
    assert "figures are 3 to 18, not 99" in capsys.readouterr().err
