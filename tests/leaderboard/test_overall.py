"""Standing over all tasks, computed from raw wrong bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.leaderboard.entries import Entry, Run
from ntm_gym.leaderboard.scores import oracle_results
from ntm_gym.leaderboard.standings import normalized_score, rank
from tests.board_fixtures import ENTRY_FIELDS, RUN_FIELDS


def make_run(suite: Suite, seed: int, part_wrong: float) -> Run:
    """Return a run that is wrong in a part of the bits."""
    points = {}
    for label, oracle in oracle_results(suite).points.items():
        asked = oracle.target_bits_per_sequence
        points[label] = PointResult(None, (asked * part_wrong).astype(np.int64), asked)
    return Run(**RUN_FIELDS, train_seed=seed, points=points)


def make_entry(
    name: str, suite: Suite, *parts_wrong: float, track: str = "supervised"
) -> Entry:
    runs = tuple(make_run(suite, seed, part) for seed, part in enumerate(parts_wrong, start=1))
    return Entry(**ENTRY_FIELDS | {"name": name, "track": track}, suite=suite, runs=runs)


COPY, SORT = find_suite("copy"), find_suite("priority_sort")


@pytest.mark.parametrize(("part_wrong", "score"), [(0, 1), (0.5, 0), (0.25, 0.5), (1, -1)])
def test_the_oracle_has_score_one_and_a_coin_zero(part_wrong: float, score: float) -> None:
    entry = make_entry("agent", COPY, part_wrong)

    assert normalized_score(COPY, entry.runs[0].points) == pytest.approx(score)


def test_agents_on_more_tasks_come_first_and_then_the_better_ones() -> None:
    entries = [
        make_entry("LSTM", COPY, 0.25, 0.25),
        make_entry("one task", COPY, 0, 0),
        make_entry("LSTM", SORT, 0.5, 0.5),
        make_entry("NTM", COPY, 0, 0),
        make_entry("NTM", SORT, 0.25, 0.5),
    ]

    standings = rank(entries, "LSTM")

    assert [standing.name for standing in standings] == ["NTM", "LSTM", "one task"]
    assert standings[0].suites == ["copy", "priority_sort"]
    assert standings[0].score.mean == pytest.approx((1 + 0.5) / 2)


def test_the_probability_of_improvement_is_over_runs_on_the_same_task() -> None:
    entries = [
        make_entry("LSTM", COPY, 0.25, 0.25),
        make_entry("NTM", COPY, 0.0, 0.5),
        make_entry("NTM", SORT, 0.0, track="reward-only"),
    ]

    improvements = {(s.name, s.track): s.improvement for s in rank(entries, "LSTM")}

    supervised = improvements["NTM", "supervised"]
    assert supervised is not None
    assert supervised.mean == 0.5
    assert improvements["NTM", "reward-only"] is None


def test_the_command_prints_every_agent(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", "overall", "--board", str(board)]) == 0

    printed = capsys.readouterr().out
    assert "| Untrained | supervised | tiny" in printed
    assert "2,000 resamples, seed 1410" in printed
