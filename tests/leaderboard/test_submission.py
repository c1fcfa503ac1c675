"""An entry is written whole or not at all, and runs no code that nobody trusts."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ntm_agents.files import read_tensors
from ntm_gym.cli import main
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard import submission
from ntm_gym.leaderboard.half_precision import check_halved
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.tables import Row, format_table

ABOUT = ["--name", "X", "--folder", "other", "--authors", "us", "--suite", "tiny"]

STRANGER = """
from ntm_baselines import LSTM, LSTMConfig


def make(**options):
    return LSTM(LSTMConfig(**options))
"""


def submit(board: Path, *arguments: str) -> int:
    return main(["leaderboard", "submit", *arguments, *ABOUT, "--board", str(board)])


def rename_network(checkpoint: Path, name: str) -> None:
    path = checkpoint.with_suffix(".json")
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"network": name}),
        encoding="utf-8",
    )


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a network that is defined outside the repository."""
    monkeypatch.delitem(sys.modules, "strangers_module", raising=False)  # of another test
    (tmp_path / "strangers_module.py").write_text(STRANGER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "strangers_module:make"


def test_an_entry_is_not_overwritten(
    board: Path, tmp_path: Path, save: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(save(tmp_path / "third.safetensors", 3))
    assert submit(board, checkpoint) == 0
    before = (board / "supervised" / "other" / "entry.json").read_bytes()

    assert submit(board, checkpoint) == 2

    assert "must not exist yet" in capsys.readouterr().err
    assert (board / "supervised" / "other" / "entry.json").read_bytes() == before


def test_a_damaged_checkpoint_leaves_nothing_behind(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoints[0].write_bytes(b"broken")

    assert submit(tmp_path / "new", str(checkpoints[0])) == 2

    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def write_entry(folder: Path, entry: object) -> None:
        (folder / "entry.json").write_text("{")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(submission, "write_entry", write_entry)

    assert submit(tmp_path / "new", str(checkpoints[0])) == 2

    assert "No space left on device" in (error := capsys.readouterr().err)
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_two_checkpoints_of_one_seed_are_refused(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert submit(tmp_path / "new", str(checkpoints[0]), str(checkpoints[0])) == 2
    assert "seeds of their own from 1 to 10, not 1, 1" in capsys.readouterr().err


def test_an_entry_may_go_on_to_seeds_above_the_boards_and_then_leaves_none_out(
    tmp_path: Path, tiny_suite: Suite, save: Callable[..., Path]
) -> None:
    runs = [save(tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2, 7)]

    assert submit(tmp_path / "new", *map(str, runs)) == 0

    entry = read_entry(tmp_path / "new/supervised/other")
    assert entry.missing_seeds == [3, 4, 5, 6]
    assert "3 of 7" in format_table([Row.of(entry)], ["1-2"], "bit_errors_per_sequence")


def test_runs_that_were_trained_differently_share_no_entry(
    tmp_path: Path,
    tiny_suite: Suite,
    save: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [
        save(tmp_path / f"{seed}.safetensors", seed, training={"seed": seed, "lr": lr})
        for seed, lr in ((1, 1e-4), (2, 1e-3))
    ]

    assert submit(tmp_path / "new", *map(str, runs)) == 2

    error = capsys.readouterr().err
    assert "to share an entry; lr differ" in error


def test_what_is_kept_in_half_precision_is_what_is_judged(
    tmp_path: Path, tiny_suite: Suite, checkpoints: list[Path]
) -> None:
    assert submit(tmp_path / "new", str(checkpoints[0]), "--half") == 0

    weights = tmp_path / "new/supervised/other/seed-1.safetensors"
    tensors, _ = read_tensors(weights)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert main(["leaderboard", "verify", "--board", str(tmp_path / "new")]) == 0


def test_half_precision_that_costs_more_is_refused() -> None:
    errors = np.zeros(2, np.int64)
    before = PointResult(np.array([1.0, 2.0]), errors, errors)
    near = PointResult(np.array([1.0, 2.02]), errors, errors)
    far = PointResult(np.array([1.0, 2.03]), errors, errors)

    check_halved("it", {"1-2": before}, {"1-2": near})
    with pytest.raises(ValueError, match=r"at point 1-2 it costs 1.5150 bits instead of 1.5"):
        check_halved("it", {"1-2": before}, {"1-2": far})


def test_a_description_without_a_budget_is_refused(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = checkpoints[0].with_suffix(".json")
    description = json.loads(path.read_text(encoding="utf-8"))
    del description["wall_time_s"]
    path.write_text(json.dumps(description), encoding="utf-8")

    assert submit(tmp_path / "new", str(checkpoints[0])) == 2
    assert "missing: wall_time_s" in capsys.readouterr().err


def test_a_network_that_nobody_trusts_is_not_even_imported(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    stranger: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rename_network(checkpoints[0], stranger)

    assert submit(tmp_path / "new", str(checkpoints[0])) == 2

    assert "must be trusted to be imported" in capsys.readouterr().err
    assert "strangers_module" not in sys.modules


def test_a_strangers_network_is_entered_and_verified_if_it_is_trusted(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    stranger: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rename_network(checkpoints[0], stranger)
    verify = ["leaderboard", "verify", "--board", str(tmp_path / "new")]

    assert submit(tmp_path / "new", str(checkpoints[0]), "--trust", stranger) == 0
    assert main([*verify, "--trust", stranger]) == 0
    assert main(verify) == 2
    assert "must be trusted to be imported" in capsys.readouterr().err


def test_a_checkpoint_may_be_played_by_an_agent_that_the_verifier_names(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = ["--agent", "ntm_agents.network_agent:load_agent"]

    assert submit(tmp_path / "new", str(checkpoints[0]), *named) == 0
    assert main(["leaderboard", "verify", "--board", str(tmp_path / "new"), *named]) == 0
    assert capsys.readouterr().out.endswith("X, tiny: verified\n")
