"""A board beside the paper: what is said follows from the entries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.leaderboard.entries import Entry, Run
from ntm_gym.leaderboard.scores import oracle_results
from ntm_paper.collection import AGENTS
from ntm_paper.result_tables import (
    against_lstm_table,
    compact_table,
    costs_table,
    past_table,
    results_table,
)
from ntm_paper.rows import missing_rows, paper_rows
from tests.board_fixtures import ENTRY_FIELDS, RUN_FIELDS

EPISODES = 4
MakeEntry = Callable[..., Entry]


@pytest.fixture
def make_entry() -> MakeEntry:
    """Return what makes an entry of seeds whose every episode costs the same."""

    def make(task: str, network: str, *costs: float, errors: int = 0) -> Entry:
        suite = find_suite(task)
        runs = [make_run(seed, suite, cost, errors) for seed, cost in enumerate(costs, 1)]
        fields = ENTRY_FIELDS | {"name": AGENTS[network]}
        return Entry(**fields, suite=suite, runs=tuple(runs))

    return make


def make_run(seed: int, suite: Suite, cost: float, errors: int) -> Run:
    points = {
        point.label: PointResult(
            np.full(EPISODES, cost) + np.arange(EPISODES) / 1000,
            np.full(EPISODES, errors),
            np.full(EPISODES, 80),
        )
        for point in suite.points
    }
    fields = RUN_FIELDS | {"train_seed": seed, "wall_time_s": 60.0 * seed}
    return Run(**fields, points=points)


def cells(table: str, row: int) -> list[str]:
    return [cell.strip() for cell in table.splitlines()[2 + row].strip("|").split("|")]


def test_entries_of_other_agents_and_tracks_are_no_rows_of_the_paper(
    make_entry: MakeEntry,
) -> None:
    ours = make_entry("copy", "ntm-ff", 0.0)
    stranger = msgspec.structs.replace(ours, name="Abacus")
    rewarded = msgspec.structs.replace(make_entry("copy", "lstm", 0.0), track="reward-only")

    rows = paper_rows([ours, stranger, rewarded])

    assert [row.recipe.recipe for row in rows] == ["copy/ntm-ff"]
    assert len(missing_rows(rows)) == 14
    assert "copy/lstm" in missing_rows(rows)


def test_ours_stands_beside_the_papers_number_with_every_seed(make_entry: MakeEntry) -> None:
    rows = paper_rows([make_entry("priority_sort", "ntm-lstm", 9.0, 20.0, 12.0)])

    found = cells(results_table(rows), 0)

    assert found[:4] == ["priority_sort", "NTM, LSTM controller", "18", "12.0"]
    assert found[5:] == ["3 of 5", "9, 12.0, 20.0"]


def test_the_short_table_has_the_median_seed_and_the_interval_of_the_mean(
    make_entry: MakeEntry,
) -> None:
    rows = paper_rows([make_entry("priority_sort", "ntm-lstm", 9.0, 9.0, 9.0, 9.0, 20.0)])

    found = cells(compact_table(rows), 0)

    assert found[:3] == ["Priority Sort", "NTM, LSTM controller", "9"]
    low, high = map(float, found[3].split(" to "))
    assert low == pytest.approx(9.0, abs=0.01)
    assert 11.2 < high < 20.1
    assert found[4:] == ["18", "5 of 5"]


def test_recall_past_the_trained_range_stands_beside_the_papers_figure_11(
    make_entry: MakeEntry,
) -> None:
    table = past_table(paper_rows([make_entry("associative_recall", "ntm-ff", 0.5, errors=2)]))

    by_point = {cells(table, row)[2]: cells(table, row)[3:] for row in range(5)}
    assert by_point["20"] == ["8", "0.501", "2"]
    assert by_point["12"] == ["-", "0.501", "2"]


def test_ngrams_are_judged_by_what_they_cost_above_the_optimum_of_the_same_episodes(
    make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = find_suite("ngram")
    best = {label: dataclasses.replace(point.first(EPISODES))
            for label, point in oracle_results(suite, EPISODES).points.items()}  # fmt: skip
    monkeypatch.setattr(
        "ntm_paper.rows.oracle_results",
        lambda suite: dataclasses.replace(oracle_results(suite, EPISODES), points=best),
    )
    entry = make_entry("ngram", "ntm-lstm", 0.0)
    bits = best["200"].bits_per_sequence
    assert bits is not None
    above = dataclasses.replace(best["200"], bits_per_sequence=bits + 0.25)
    run = msgspec.structs.replace(entry.runs[0], points={**entry.runs[0].points, "200": above})

    found = cells(results_table(paper_rows([msgspec.structs.replace(entry, runs=(run,))])), 0)

    assert found[2:4] == ["0.6", "0.25"]


def test_intervals_must_be_apart_for_the_ntm_to_be_better(make_entry: MakeEntry) -> None:
    apart = [make_entry("copy", "ntm-ff", 1.0, 2.0), make_entry("copy", "lstm", 5.0, 6.0)]
    mixed = [make_entry("copy", "ntm-ff", 1.0, 5.5), make_entry("copy", "lstm", 5.0, 6.0)]
    alone = [make_entry("copy", "ntm-ff", 1.0)]

    verdicts = [
        cells(against_lstm_table(paper_rows(each)), 0)[4] for each in (apart, mixed, alone)
    ]

    assert verdicts == ["yes", "**no**", "-"]


def test_the_cost_of_a_row_is_that_of_its_median_seed(make_entry: MakeEntry) -> None:
    rows = paper_rows(
        [make_entry("copy", "ntm-ff", 1.0, 1.0, 1.0), make_entry("copy", "lstm", 1.0)]
    )

    table = costs_table(rows)

    assert cells(table, 0) == ["`make reproduce ONLY=copy/ntm-ff`", "1,000", "2.0", "abacus"]
    assert cells(table, 2)[0] == "one seed of these 1 NTM rows"
    assert cells(table, 2)[2] == "2"
