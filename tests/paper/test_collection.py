"""Run folders become entries, one for each recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ntm_agents.files import read_tensors
from ntm_gym.cli import main
from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.results import Results
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard import submission
from ntm_gym.leaderboard.reading import read_entry
from ntm_paper import collection
from ntm_paper.cli import main as paper_main


@pytest.fixture
def add_run(tmp_path: Path, save: Callable[..., Path]) -> Callable[[int], None]:
    """Return what makes a finished run of ``copy/lstm``."""

    def add(seed: int) -> None:
        folder = tmp_path / f"runs/copy/lstm/seed-{seed}"
        folder.mkdir(parents=True)
        save(folder / "model.safetensors", seed)
        log = '{"sequences": 0, "validation_bits_per_sequence": 3.5}\n'
        (folder / "log.jsonl").write_text(log, encoding="utf-8")

    return add


@pytest.fixture
def runs(
    tmp_path: Path,
    tiny_suite: Suite,
    add_run: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Return a folder with the finished runs of seeds 1 and 2 of ``copy/lstm``."""
    monkeypatch.setattr(collection, "find_suite", lambda name: tiny_suite)
    add_run(1)
    add_run(2)
    return tmp_path / "runs"


def collect(runs: Path) -> int:
    board = str(runs.parent / "board")
    return paper_main(["collect", "--runs", str(runs), "--board", board, "--authors", "a"])


def entry_folder(runs: Path) -> Path:
    return runs.parent / "board/supervised/copy-lstm"


def test_the_seeds_of_a_recipe_become_an_entry_with_curves_that_can_be_verified(
    runs: Path,
) -> None:
    assert collect(runs) == 0

    entry = read_entry(entry_folder(runs))
    assert entry.name == "LSTM"
    assert [run.train_seed for run in entry.runs] == [1, 2]
    assert all(run.curve is not None for run in entry.runs)
    assert main(["leaderboard", "verify", str(entry_folder(runs))]) == 0


def test_the_weights_of_the_paper_sized_lstm_are_kept_in_half_precision(runs: Path) -> None:
    collect(runs)

    tensors, _ = read_tensors(entry_folder(runs) / "seed-1.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}


def test_only_new_seeds_are_evaluated(
    runs: Path, add_run: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(runs)
    add_run(3)
    judged = []

    def evaluate_and_count(agent: Agent, suite: Suite, **options: Any) -> Results:
        judged.append(agent)
        return evaluate(agent, suite)

    monkeypatch.setattr(submission, "evaluate", evaluate_and_count)

    assert collect(runs) == 0

    assert [run.train_seed for run in read_entry(entry_folder(runs)).runs] == [1, 2, 3]
    assert len(judged) == 2, "whole and halved"


def test_an_entry_with_the_same_runs_is_left_as_it_is(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(runs)
    before = (entry_folder(runs) / "entry.json").stat().st_mtime_ns

    assert collect(runs) == 0

    assert (entry_folder(runs) / "entry.json").stat().st_mtime_ns == before
    assert "has these runs already" in capsys.readouterr().out


def test_an_entry_is_not_replaced_by_one_of_fewer_seeds(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(runs)
    (runs / "copy/lstm/seed-2/model.safetensors").unlink()

    assert collect(runs) == 2

    assert "has 2 runs and is not replaced by 1" in capsys.readouterr().err
    assert [run.train_seed for run in read_entry(entry_folder(runs)).runs] == [1, 2]


def test_a_folder_without_finished_runs_is_a_users_error(
    tmp_path: Path, tiny_suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect(tmp_path) == 2
    assert "no finished run" in capsys.readouterr().err
