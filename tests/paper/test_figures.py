"""Figures: what is drawn is what the data say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from ntm_agents.training.sampling import validation_batch
from ntm_gym.tasks import make_task
from ntm_paper.cli import main
from ntm_paper.figures.catalogue import FIGURES, VALIDATION_KEYS
from ntm_paper.figures.curves import median_curve
from ntm_paper.figures.memory_use import visited
from ntm_paper.figures.runs import BoardEntries, MissingRunError, RunFolders, Runs
from ntm_paper.figures.write_locations import fit_write_locations, gain_of_a_line


def test_every_figure_of_the_paper_from_3_to_18_is_there() -> None:
    assert sorted(FIGURES) == list(range(3, 19))


def test_the_median_is_taken_where_all_seeds_have_reported() -> None:
    seeds = [np.array([[1.0, 9], [2, 1], [3, 0]]), np.array([[1.0, 5], [2, 3]])]

    assert median_curve(seeds).tolist() == [[1, 7], [2, 2]]


def test_a_stretch_of_visited_locations_may_cross_the_end_of_the_circle() -> None:
    weightings = np.zeros((2, 10))
    weightings[0, 9] = weightings[1, 1] = 1

    assert visited(weightings).tolist() == [8, 9, 0, 1, 2]


def test_the_fit_follows_the_priority_around_the_circle_past_a_stray_vector() -> None:
    priorities = np.linspace(-1, 1, 9)
    written = np.zeros((9, 128))
    written[np.arange(9), np.round(8 * priorities).astype(int) % 128] = 1
    written[0] = np.eye(128)[60]

    fit = fit_write_locations(written, priorities)

    assert fit.near == 8
    np.testing.assert_allclose(fit.fitted, 8 * priorities, atol=0.5)


def test_the_optimum_of_figure_13_is_of_the_episodes_that_training_logs() -> None:
    task = make_task("ngram")
    logged = validation_batch(task, len(VALIDATION_KEYS), torch.device("cpu"))

    np.testing.assert_array_equal(task.sample(VALIDATION_KEYS).targets, logged.targets.numpy())


def test_a_head_gains_by_a_line_that_it_follows_and_not_by_staying() -> None:
    priorities = np.linspace(-1, 1, 9)
    places = np.array([20 * priorities % 128, -20 * priorities % 128, np.full(9, 5)])
    up, down, still = np.eye(128)[places.round().astype(int) % 128]

    assert gain_of_a_line(up, priorities) == gain_of_a_line(down, priorities) == 8
    assert gain_of_a_line(still, priorities) == 0


@pytest.mark.parametrize(
    ("source", "weights", "curve", "text"),
    [
        (
            RunFolders,
            "copy/lstm/seed-{}/model.safetensors",
            "copy/lstm/seed-{}/log.jsonl",
            '{"sequences": 5, "validation_bits_per_sequence": 2.5}\n',
        ),
        (
            BoardEntries,
            "supervised/copy-lstm/seed-{}.safetensors",
            "supervised/copy-lstm/seed-{}.curve.json",
            '{"sequences": [5], "bits_per_sequence": [2.5]}',
        ),
    ],
)
def test_runs_are_found_among_run_folders_and_on_a_board(
    tmp_path: Path, source: type[Runs], weights: str, curve: str, text: str
) -> None:
    for seed in (2, 10, 1):
        for name, content in ((weights, ""), (curve, text)):
            path = tmp_path / name.format(seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    runs = source(tmp_path)

    found = runs.find("copy", "lstm")

    assert [run.seed for run in found] == [1, 2, 10]
    assert found[0].learning_curve().tolist() == [[5, 2.5]]
    assert runs.first("copy", ("ntm-ff", "lstm")).seed == 1
    with pytest.raises(MissingRunError, match="no finished run of copy in"):
        runs.first("copy")


def test_missing_runs_are_named_in_one_line_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(tmp_path), "--out", str(tmp_path / "out")]

    assert main(["figures", *runs]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FIGURES)
    assert all("is missing: no finished run of" in line for line in lines)


def test_an_unknown_number_is_a_users_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", "--only", "99", "--runs", "."]) == 2
    assert "figures are 3 to 18, not 99" in capsys.readouterr().err


def test_figures_are_drawn_from_the_shipped_entries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Path(__file__).parents[2] / "leaderboard"
    command = ["figures", "--board", str(board), "--out", str(tmp_path)]

    assert main([*command, "--only", "6", "--only", "17"]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(tmp_path / name) for name in ("figure-06.png", "figure-17.png")]
    assert all(Path(line).stat().st_size > 10_000 for line in printed)
