"""Whatever an entry claims and can be computed is computed; the rest is shown as claimed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.networks import build_network, count_parameters
from ntm_gym.cli import main
from ntm_gym.evaluation.agent import Sizes
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.leaderboard import verification
from ntm_gym.leaderboard.attachments import hash_file
from ntm_gym.leaderboard.descriptions import read_description
from ntm_gym.leaderboard.verification import MOST_WORK, check_work

SUPERVISED = {
    "seed": 1,
    "task": "copy",
    "task_parameters": {"num_bits": 2, "max_length": 2},
    "network": "ntm_baselines:LSTM",
    "network_options": {"hidden_size": 4, "num_layers": 1},
    "sequences": 80,
    "batch_size": 8,
    "solved_below": None,
}
"""Configuration of a run of 80 sequences."""
TRAINED = {"training": SUPERVISED, "sequences": 80, "updates": 10}


@pytest.fixture
def entry(board: Path) -> Path:
    return board / "supervised" / "untrained"


def change(entry: Path, **changes: Any) -> None:
    path = entry / "entry.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_run(entry: Path, seed: int, **changes: Any) -> None:
    data = json.loads((entry / "entry.json").read_text())
    data["runs"][seed - 1] |= changes
    change(entry, runs=data["runs"])


def describe(entry: Path, seed: int, **changes: Any) -> None:
    """Change a description, and what the entry says of it."""
    path = entry / f"seed-{seed}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    change_run(entry, seed, description_sha256=hash_file(path))


def rewrite(entry: Path, seed: int, edit: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Change all weights of a run, and what the entry says of them."""
    path = entry / f"seed-{seed}.safetensors"
    tensors, _ = read_tensors(path)
    write_tensors(path, {name: edit(tensor) for name, tensor in tensors.items()})
    change_run(entry, seed, sha256=hash_file(path))


def verify(*arguments: object) -> int:
    return main(["leaderboard", "verify", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line of a refusal."""
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("claimed", [0, 1, 10**6])
def test_a_typed_in_parameter_count_is_refused(
    entry: Path, claimed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads((entry / "entry.json").read_text())["parameters"]
    change(entry, parameters=claimed)
    for seed in (1, 2):
        describe(entry, seed, parameters=claimed)

    assert verify(entry) == 2

    error = refused(capsys)
    assert f"parameters must be the {found} that" in error
    assert f"not {claimed}" in error


def test_a_memory_that_the_network_does_not_have_is_refused(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(entry, memory_size=128)

    assert verify(entry) == 2
    assert "memory_size must be as in" in (error := refused(capsys))
    assert "null, not 128" in error


@pytest.mark.parametrize(
    ("name", "claimed"),
    [("machine", "a faster one"), ("versions", {"python": "9"}), ("parameters", 7)],
)
def test_what_the_description_says_otherwise_is_refused(
    entry: Path, name: str, claimed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change(entry, **{name: claimed})

    assert verify(entry) == 2
    assert f"{name} must be as in" in refused(capsys)


def test_a_supervised_checkpoint_is_refused_on_the_reward_only_track(
    board: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (1, 2):
        describe(entry, seed, sequences=80, updates=10, training=SUPERVISED | {"seed": seed})
        change_run(entry, seed, sequences=80, updates=10)
    assert verify(entry) == 0
    capsys.readouterr()
    (board / "reward-only").mkdir()
    moved = entry.rename(board / "reward-only" / "untrained")
    change(moved, track="reward-only")

    assert verify(moved) == 2
    assert "track must be as in" in (error := refused(capsys))
    assert "'supervised', not 'reward-only'" in error


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"track": "reward only"}, "track says reward-only, training says supervised"),
        ({"track": "none"}, "track must be one of supervised, reward-only, not 'none'"),
        ({"command": "ntm-train ppo --env X"}, "training says supervised, command says reward"),
        ({"command": "ntm-train --algorithm ppo"}, "training says supervised, command says"),
        ({"command": "ntm-train --seed 2"}, "train_seed must be as in its command, '2', not 1"),
        ({"training": SUPERVISED | {"seed": 2}}, "training seed must be as in the descr"),
        ({"training": SUPERVISED | {"task": "sort"}}, "training task must be as in"),
        ({"training": SUPERVISED | {"network": "a:B"}}, "training network must be as in"),
        ({"training": SUPERVISED | {"network_options": {}}}, "training network_options must"),
        ({"training": SUPERVISED | {"task_parameters": {}}}, "training task max_length must"),
        ({"training": SUPERVISED | {"sequences": 88}}, "sequences must be 88 to 88 by its"),
        (
            {"training": SUPERVISED | {"batch_size": 1}},
            "10 updates of 1 sequences cannot be 80",
        ),
        ({"updates": 80}, "80 updates of 8 sequences cannot be 80"),
        ({"task": {"name": "ngram"}}, "task must be as in suite 'tiny', 'copy', not 'ngram'"),
        (
            {"task": {"name": "copy", "parameters": {"max_length": 120}}},
            "task max_length must be as in suite 'tiny', 2, not 120",
        ),
        ({"options": {"input_size": 9}}, "options input_size must be as in suite 'tiny', 3"),
        ({"sequences": True}, "sequences must be an integer"),
        ({"sequences": 80.0}, "sequences must be an integer"),
        ({"sequences": 2**63}, "sequences must be an integer"),
    ],
)
def test_a_description_that_contradicts_itself_or_the_suite_is_refused(
    checkpoints: list[Path], tiny_suite: Suite, about: dict[str, Any], message: str
) -> None:
    whole = json.loads(checkpoints[0].with_suffix(".json").read_text()) | TRAINED
    assert read_description("it", whole, tiny_suite).track == "supervised"

    with pytest.raises(ValueError, match=message):
        read_description("it", whole | about, tiny_suite)


def test_training_by_reward_alone_says_so_and_counts_its_steps(
    checkpoints: list[Path], tiny_suite: Suite
) -> None:
    whole = json.loads(checkpoints[0].with_suffix(".json").read_text())
    by_reward = {"track": "reward only", "steps": 500, "sequences": 90, "command": "mine"}

    assert read_description("it", whole | by_reward, tiny_suite).track == "reward-only"
    with pytest.raises(ValueError, match="at least one of its steps for each of 90 sequences"):
        read_description("it", whole | by_reward | {"steps": 89}, tiny_suite)


SAME: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "the same": lambda weights: weights,
    "halved": lambda weights: weights.half(),
    "in double precision": lambda weights: weights.double(),
    "nudged": lambda weights: weights * (1 + 1e-4),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_the_same_weights_under_another_name_are_refused(
    board: Path,
    entry: Path,
    edit: Callable[[torch.Tensor], torch.Tensor],
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(entry, board / "supervised" / "zz")
    change(board / "supervised" / "zz", name="Another")
    for seed in (1, 2):
        rewrite(board / "supervised" / "zz", seed, edit)

    assert verify("--board", board) == 2
    assert "must not repeat" in refused(capsys)
    assert verify(board / "supervised" / "zz") == 2
    assert "both have the weights of seed-1.safetensors" in refused(capsys)


def test_the_same_weights_on_two_tracks_are_refused(
    board: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = board / "reward-only" / "untrained"
    shutil.copytree(entry, other)
    for seed in (1, 2):
        describe(other, seed, track="reward only", steps=9, command="by reward")
        change_run(other, seed, command="by reward")
    change(other, track="reward-only")

    assert verify(other) == 2
    assert "must not repeat" in refused(capsys)
    assert verify("--board", board) == 2


def test_halved_weights_of_another_seed_of_the_entry_are_refused(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(entry / "seed-1.safetensors", entry / "seed-2.safetensors")
    rewrite(entry, 2, lambda weights: weights.half())

    assert verify(entry) == 2
    assert "two runs must not have the same weights" in refused(capsys)


def test_other_weights_of_the_same_shapes_are_another_network(
    board: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    shutil.copytree(entry, board / "supervised" / "zz")
    change(board / "supervised" / "zz", name="Another")
    for seed in (1, 2):
        rewrite(board / "supervised" / "zz", seed, torch.randn_like)

    assert verify(board / "supervised" / "zz") == 1
    assert "seed 1, point 1-2: bits_per_sequence is" in capsys.readouterr().out


def test_runs_that_were_trained_differently_are_refused_in_an_entry(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    describe(entry, 2, training={"learning_rate": 1})

    assert verify(entry) == 2
    assert "to share an entry; learning_rate differ" in refused(capsys)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(
    entry: Path, tmp_path: Path, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(entry, 2, lambda weights: torch.full_like(weights, value))

    assert verify(entry) == 2
    assert "must be finite, but holds NaN or infinity" in refused(capsys)
    about = ["--name", "X", "--folder", "x", "--authors", "us", "--suite", "tiny"]
    board = ["--board", str(tmp_path / "new")]
    weights = str(entry / "seed-2.safetensors")
    assert main(["leaderboard", "submit", weights, *about, *board]) == 2
    assert "must be finite" in refused(capsys)


def test_what_cannot_be_computed_is_shown_as_claimed(
    board: Path,
    tiny_suite: Suite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    for verb in ("verify", "show"):
        assert main(["leaderboard", verb, "--board", str(board)]) == 0
        [line] = [line for line in capsys.readouterr().out.splitlines() if "claimed" in line]
        for claim in ("authors us", "machine abacus", "wall_time_s 0.5, 0.5", "python 3"):
            assert claim in line


def test_a_network_that_takes_days_to_verify_is_refused() -> None:
    suite = find_suite("copy")

    check_work("it", suite, Sizes(1_400_000, None, 2_000))
    with pytest.raises(ValueError, match="too large to be verified on suite 'copy'"):
        check_work("it", suite, Sizes(1_000, 10**6, 4 * 10**6))
    assert verification.count_steps(suite) * 1e9 > MOST_WORK


def test_a_board_says_the_true_number_of_parameters(board: Path) -> None:
    data = json.loads((board / "supervised" / "untrained" / "entry.json").read_text())
    options = json.loads((board / "supervised/untrained/seed-1.json").read_text())["options"]

    network = build_network("ntm_baselines:LSTM", options)

    assert data["parameters"] == count_parameters(network)
