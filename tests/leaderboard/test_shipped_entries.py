"""What is shipped is what it says, however it is played."""

from __future__ import annotations

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.loading import load_checkpoint_agent
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import SUITES, find_suite
from ntm_gym.leaderboard.board import find_entries, read_board
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.references import read_references
from ntm_gym.leaderboard.verification import first_difference
from ntm_paper.second_machine import ALIKE_BITS, differences_in

pytestmark = pytest.mark.slow

BOARD = Path(__file__).parents[2] / "leaderboard"
CHECKPOINT = BOARD / "supervised/copy-ntm-ff/seed-1.safetensors"
LABEL = "30"


@pytest.mark.parametrize("entry", find_entries(BOARD), ids=lambda path: path.name)
def test_a_sample_of_every_entry_is_verified(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", "verify", str(entry), "--episodes", "50"]) == 0
    assert capsys.readouterr().out.endswith(": verified\n")


@pytest.mark.parametrize("folder", find_entries(BOARD), ids=lambda path: path.name)
def test_networks_cost_in_their_trained_range_what_they_claim(folder: Path) -> None:
    entry = read_entry(folder)
    point = entry.suite.trained
    for run in entry.runs:
        agent = load_checkpoint_agent(folder / run.checkpoint)
        found = evaluate_point(agent, point, entry.suite.keys(point))
        fresh = Results(entry.suite, {point.label: found})
        assert differences_in(run.points, fresh)[point.label] <= ALIKE_BITS


def test_no_network_passes_for_one_of_another_entry() -> None:
    for (_, entry), (_, other) in itertools.permutations(read_board(BOARD), 2):
        if entry.suite == other.suite:
            for run, played in itertools.product(entry.runs, other.runs):
                assert first_difference(run, Results(other.suite, played.points)) is not None


def test_the_board_holds_together_and_has_floor_and_ceiling_on_every_suite() -> None:
    assert read_board(BOARD)
    assert {each.suite.name for each in read_references(BOARD)} == set(SUITES)


def test_all_shipped_networks_together_stay_small() -> None:
    sizes = [path.stat().st_size for path in BOARD.glob("*/*/*.safetensors")]
    assert sum(sizes) < 60e6


def play(first: int, last: int, num_envs: int) -> PointResult:
    suite = find_suite("copy")
    point = suite.find_point(LABEL)
    agent = load_checkpoint_agent(CHECKPOINT)
    return evaluate_point(agent, point, suite.keys(point)[first:last], num_envs)


@pytest.mark.parametrize("num_envs", [1, 64, 1_000])
def test_a_shipped_claim_does_not_depend_on_num_envs(num_envs: int) -> None:
    [claim] = [
        run.points[LABEL]
        for folder, entry in read_board(BOARD)
        for run in entry.runs
        if folder / run.checkpoint == CHECKPOINT
    ]

    found = play(0, 1_000, num_envs)

    assert found.bits_per_sequence is not None
    assert claim.bits_per_sequence is not None
    np.testing.assert_array_equal(found.bit_errors_per_sequence, claim.bit_errors_per_sequence)
    np.testing.assert_allclose(found.bits_per_sequence, claim.bits_per_sequence, atol=1e-4)


def test_a_shipped_claim_is_the_same_from_two_processes() -> None:
    whole = play(0, 1_000, 100)
    assert whole.bits_per_sequence is not None

    suite = find_suite("copy")
    point = suite.find_point(LABEL)
    shards = np.split(suite.keys(point), 2)
    agents = [load_checkpoint_agent(CHECKPOINT)] * 2

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(evaluate_point, agents, [point] * 2, shards))

    costs = [part.bits_per_sequence for part in parts if part.bits_per_sequence is not None]
    errors = [part.bit_errors_per_sequence for part in parts]
    np.testing.assert_allclose(np.concatenate(costs), whole.bits_per_sequence, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate(errors), whole.bit_errors_per_sequence)
