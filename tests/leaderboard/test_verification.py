"""What an entry claims is played again, and the first difference is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import OracleAgent
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.leaderboard.scores import check_scores
from ntm_gym.leaderboard.verification import first_difference_in
from ntm_gym.tasks import NGram


def change_point(board: Path, seed: int, edit: Callable[[dict[str, Any]], object]) -> None:
    path = board / "supervised" / "untrained" / "entry.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data["runs"][seed - 1]["points"]["1-2"])
    path.write_text(json.dumps(data), encoding="utf-8")


def test_a_submitted_entry_is_verified(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", "verify", "--board", str(board)]) == 0
    assert capsys.readouterr().out.endswith("Untrained, tiny: verified\n")


def test_the_board_shows_floor_ceiling_and_entries(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["leaderboard", "run", "--suite", "tiny", "--episodes", "10"]
    assert main([*run, "--board", str(board)]) == 0

    printed = capsys.readouterr().out
    for name in ("oracle", "coin", "silent", "Untrained", "2 of 5"):
        assert name in printed


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"bits_per_sequence": [0.0] * 10, "bit_errors_per_sequence": [0] * 10},
            "seed 2, point 1-2: bits_per_sequence is",
        ),
        (
            {"bits_per_sequence": [9.0] * 10, "bit_errors_per_sequence": [2] * 10},
            "seed 2, point 1-2: bits_per_sequence is",
        ),
        (
            {"bits_per_sequence": None},
            "seed 2, point 1-2: bits_per_sequence is known here, not the entry",
        ),
    ],
)
def test_a_claim_that_cannot_be_reproduced_is_shown(
    board: Path, claim: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change_point(board, 2, lambda point: point.update(claim))

    assert main(["leaderboard", "verify", "--board", str(board)]) == 1
    assert message in capsys.readouterr().out


def test_a_difference_names_the_episode_where_it_is_largest(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def add_a_bit(point: dict[str, Any]) -> None:
        point["bits_per_sequence"][7] += 1

    change_point(board, 1, add_a_bit)

    assert main(["leaderboard", "verify", "--board", str(board)]) == 1
    assert "most in episode 7" in capsys.readouterr().out


def test_a_sample_compares_the_episodes_that_it_played(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def add_a_bit(point: dict[str, Any]) -> None:
        point["bits_per_sequence"][7] += 1

    change_point(board, 1, add_a_bit)

    assert main(["leaderboard", "verify", "--episodes", "7", "--board", str(board)]) == 0
    assert "verified" in capsys.readouterr().out


def ngram_results() -> PointResult:
    """Return the oracle's results where even the oracle must guess."""
    point = Point("200", "ngram", {})
    suite = Suite("ngram", 1, (point,), 200)
    return evaluate(OracleAgent(NGram()), suite).points["200"]


def test_an_agent_may_not_be_better_than_the_oracle_on_the_same_episodes() -> None:
    oracle = ngram_results()
    assert oracle.bits_per_sequence is not None
    claim = PointResult(
        oracle.bits_per_sequence - 1,
        oracle.bit_errors_per_sequence,
        oracle.target_bits_per_sequence,
    )

    with pytest.raises(ValueError, match="bits_per_sequence cannot be better than the oracle"):
        check_scores("claim", claim, oracle)


def test_an_agent_may_not_have_fewer_wrong_bits_than_the_oracle() -> None:
    oracle = ngram_results()
    claim = PointResult(
        None, oracle.bit_errors_per_sequence // 2, oracle.target_bits_per_sequence
    )

    with pytest.raises(ValueError, match="bit_errors_per_sequence cannot be better than"):
        check_scores("claim", claim, oracle)


def test_an_agent_may_be_luckier_than_the_oracle_within_the_standard_error() -> None:
    oracle = ngram_results()
    assert oracle.bits_per_sequence is not None
    luck = np.random.default_rng(0).normal(-0.1, 2, 200)

    check_scores(
        "claim",
        PointResult(
            oracle.bits_per_sequence + luck,
            oracle.bit_errors_per_sequence,
            oracle.target_bits_per_sequence,
        ),
        oracle,
    )


@pytest.mark.parametrize(
    ("label", "played", "more", "differs"),
    [
        ("8", 10, 0.0009, False),
        ("8", 10, 0.0011, True),
        ("8", 2, 0.0049, False),
        ("8", 2, 0.0051, True),
        ("16", 10, 0.0019, False),
        ("16", 10, 0.0021, True),
    ],
)
def test_samples_and_what_is_past_the_trained_range_may_come_out_otherwise_by_more(
    label: str, played: int, more: float, differs: bool
) -> None:
    asked, wrong = np.full(10, 100), np.full(10, 40)
    claim = PointResult(np.full(10, 99.0), wrong, asked)
    found = PointResult(np.full(played, 99 * (1 + more)), wrong[:played], asked[:played])
    points = (Point("8", "copy", {}), Point("16", "copy", {}))
    fresh = Results(Suite("copy", 1, points, 10), {label: found})

    assert (first_difference_in({label: claim}, fresh) is not None) == differs


@pytest.mark.parametrize(("more", "differs"), [(2, False), (3, True)])
def test_two_wrong_bits_of_a_thousand_episodes_may_be_a_rounding(
    more: int, differs: bool
) -> None:
    asked, bits, wrong = np.full(1000, 100), np.full(1000, 9.0), np.zeros(1000, dtype=np.int64)
    found = wrong.copy()
    found[:more] = 1
    suite = Suite("copy", 1, (Point("8", "copy", {}),), 1000)
    fresh = Results(suite, {"8": PointResult(bits, found, asked)})

    claims = {"8": PointResult(bits, wrong, asked)}
    assert (first_difference_in(claims, fresh) is not None) == differs
