"""Tables over seeds say what the runs did."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntm_agents.training import cli
from ntm_agents.training.layout import run_folder
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.files import write_json
from ntm_paper import reliability
from ntm_paper.reliability import AS_IT_IS, Record, examine
from ntm_paper.reliability_tables import generalizing_table, learning_table
from ntm_paper.variants import variant_folder

SMALL = (
    "--sequences 4 --report-every 2 --patience 2 --option memory_size=6 "
    "--task-option max_length=1 --quiet"
)
TINY_SUITE = Suite("copy", 1, (Point("1", "copy", {"max_length": 1}),), 10)


def record(variant: str, seed: int, solved_at: int | None, wrong: float) -> Record:
    final = 0.01 if solved_at else 9.5
    return Record(variant, {}, seed, 100, solved_at, final, {"30": 0.0, "120": wrong}, 10, "")


RECORDS = [
    record(AS_IT_IS, 1, 20, 0.0),
    record(AS_IT_IS, 2, 40, 0.5),
    record(AS_IT_IS, 3, 90, 0.0),
    record("no-decay", 1, None, 147.2),
]


def cells(table: str, row: int) -> list[str]:
    return [cell.strip() for cell in table.splitlines()[2 + row].strip("| ").split("|")]


def test_learning_is_counted_over_seeds_and_timed_by_the_median_of_those_that_solved() -> None:
    table = learning_table(RECORDS)

    assert cells(table, 0)[2:] == ["3 of 3", "40", "0.01 (3 seeds)"]
    assert cells(table, 1)[2:] == ["0 of 1", "-", "9.5"]


def test_generalizing_shows_every_seed_and_counts_those_without_a_wrong_bit() -> None:
    table = generalizing_table(RECORDS, ["30", "120"])

    assert cells(table, 0) == [AS_IT_IS, "2 of 3", "0 (3 seeds)", "0 (2 seeds), 0.5"]
    assert cells(table, 1) == ["no-decay", "0 of 1", "0", "147"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the recipe's seeds 1 and 2 and a variant's seed 1."""
    monkeypatch.setattr(reliability, "find_suite", lambda name: TINY_SUITE)
    base = run_folder(tmp_path, "copy/ntm-ff", 1).parent
    for folder, options in (
        (base / "seed-1", ["--seed", "1"]),
        (base / "seed-2", ["--seed", "2"]),
        (
            variant_folder(tmp_path, "copy/ntm-ff", "no-decay") / "seed-1",
            ["--decay-fraction", "0"],
        ),
    ):
        chosen = ["--recipe", "copy/ntm-ff", *options, *SMALL.split()]
        assert cli.main([*chosen, "--output", str(folder)]) == 0
    return tmp_path


def test_runs_are_examined_by_what_their_folders_hold(runs: Path) -> None:
    records = examine(runs, "copy/ntm-ff")

    assert [(each.variant, each.seed) for each in records] == [
        (AS_IT_IS, 1),
        (AS_IT_IS, 2),
        ("no-decay", 1),
    ]
    assert "decay_fraction" not in records[0].changes
    assert records[2].changes["decay_fraction"] == 0
    assert all(0 < each.wrong_bits["1"] <= 8 and each.solved_at is None for each in records)


def test_networks_that_have_not_changed_are_not_played_again(runs: Path) -> None:
    known = examine(runs, "copy/ntm-ff")
    marked = [Record(**{**vars(each), "wrong_bits": {"1": -1.0}}) for each in known[:1]]

    again = examine(runs, "copy/ntm-ff", marked)

    assert again[0].wrong_bits == {"1": -1.0}
    assert again[1] == known[1]
    assert examine(runs, "copy/ntm-ff", marked, episodes=5)[0].wrong_bits["1"] > 0


def test_records_are_read_as_they_were_written_and_only_for_the_same_episodes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "copy-ntm-ff.json"
    reliability.write_records(path, "copy/ntm-ff", RECORDS)
    assert reliability.read_records(path) == RECORDS

    data = {"recipe": "copy/ntm-ff", "suite": TINY_SUITE.reference(), "runs": []}
    write_json(path, data)
    with pytest.raises(ValueError, match="other episodes than suite 'copy' has now"):
        reliability.read_records(path)
