"""An entry is written whole or not at all, and runs no code that nobody trusts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.suites import Suite

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
    path.write_text(json.dumps(json.loads(path.read_text()) | {"network": name}))


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a network that is defined outside the repository."""
    (tmp_path / "strangers_module.py").write_text(STRANGER)
    monkeypatch.syspath_prepend(tmp_path)
    return "strangers_module:make"


def test_an_entry_is_not_overwritten(
    board: Path, checkpoints: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(board, str(checkpoints[0])) == 0
    before = (board / "supervised" / "other" / "entry.json").read_bytes()

    assert submit(board, str(checkpoints[0])) == 2

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


def test_two_checkpoints_of_one_seed_are_refused(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert submit(tmp_path / "new", str(checkpoints[0]), str(checkpoints[0])) == 2
    assert "seeds of their own among 1, 2, 3, 4, 5, not 1, 1" in capsys.readouterr().err


def test_a_description_without_a_budget_is_refused(
    tmp_path: Path,
    tiny_suite: Suite,
    checkpoints: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = checkpoints[0].with_suffix(".json")
    description = json.loads(path.read_text())
    del description["wall_time_s"]
    path.write_text(json.dumps(description))

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
