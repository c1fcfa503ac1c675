"""The loop learns, logs, and survives being killed at any moment."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
import torch

from ntm_agents import NTM
from ntm_agents.checkpoints import load_checkpoint
from ntm_agents.ntm.entropy import entropy_of
from ntm_agents.ntm.tracing import trace
from ntm_agents.training.cli import main
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.loop import train
from ntm_agents.training.supervised_run import Progress, SupervisedRun
from ntm_gym.tasks.keyed_random import derive_keys

TINY = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 2},
    network_options={"controller_size": 8, "memory_size": 6, "word_size": 4},
    sequences=60,
    report_every=10,
    batch_size=2,
)
COMMAND = shlex.split(
    "--task-option num_bits=2 --task-option max_length=2 --option controller_size=8 "
    "--option memory_size=6 --option word_size=4 --sequences 600 --report-every 10 "
    "--batch-size 2 --quiet --output"
)


def read_log(folder: Path) -> list[dict[str, float]]:
    return [
        json.loads(line)
        for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_a_run_logs_a_line_for_each_report_and_publishes_its_final_weights(
    tmp_path: Path,
) -> None:
    model = train(TINY, tmp_path / "run", show_progress=False)

    assert [line["sequences"] for line in read_log(model.parent)] == list(range(10, 70, 10))
    _, description = load_checkpoint(model)
    assert description["sequences"] == 60
    assert description["updates"] == 30
    assert description["train_seed"] == 1
    assert description["task"]["parameters"]["num_bits"] == 2


def test_equal_seeds_give_equal_weights_and_others_do_not(tmp_path: Path) -> None:
    weights = [
        train(config, tmp_path / name, show_progress=False).read_bytes()
        for name, config in {
            "first": TINY,
            "again": TINY,
            "other": TrainingConfig(**{**TINY.to_json(), "seed": 2}),
        }.items()
    ]

    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_training_lowers_the_cost(tmp_path: Path) -> None:
    config = TrainingConfig(
        task_parameters={"num_bits": 2, "max_length": 1},
        network="ntm_baselines:LSTM",
        network_options={"hidden_size": 32, "num_layers": 1},
        sequences=3000,
        report_every=1000,
        batch_size=10,
        learning_rate=1e-3,
    )

    train(config, tmp_path, show_progress=False)

    costs = [line["validation_bits_per_sequence"] for line in read_log(tmp_path)]
    assert costs[-1] < 0.5 < 2


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_the_weights_of_one_never_stopped(
    tmp_path: Path,
) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    command = [sys.executable, "-m", "ntm_agents.training.cli", *COMMAND]
    subprocess.run([*command, str(straight)], check=True)

    for lines_before_the_kill in (1, 7, 30):
        process = subprocess.Popen([*command, str(killed)])
        log = killed / "log.jsonl"
        while (
            not log.exists()
            or log.read_text(encoding="utf-8").count("\n") < lines_before_the_kill
        ):
            assert process.poll() is None
        process.kill()
        assert process.wait() != 0
    subprocess.run([*command, str(killed)], check=True)

    name = "model.safetensors"
    assert (killed / name).read_bytes() == (straight / name).read_bytes()
    assert [line["sequences"] for line in read_log(killed)] == list(range(10, 610, 10))


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    model = train(TINY, tmp_path, show_progress=False)
    published = model.stat().st_mtime_ns

    assert train(TINY, tmp_path, show_progress=False).stat().st_mtime_ns == published


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    train(TINY, tmp_path, show_progress=False)
    other = TrainingConfig(**{**TINY.to_json(), "seed": 9})

    with pytest.raises(ValueError, match="holds another run: seed differ"):
        train(other, tmp_path, show_progress=False)


def test_a_second_process_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        SupervisedRun(tmp_path, TINY),
        pytest.raises(ValueError, match="another process is training in"),
    ):
        train(TINY, tmp_path, show_progress=False)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious", encoding="utf-8")

    with pytest.raises(ValueError, match="must be empty or hold a run"):
        train(TINY, tmp_path, show_progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_damaged_training_checkpoint_is_refused(tmp_path: Path) -> None:
    model = train(TINY, tmp_path, show_progress=False)
    model.unlink()
    checkpoint = tmp_path / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])

    with pytest.raises(ValueError, match="must be a whole safetensors file"):
        train(TINY, tmp_path, show_progress=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--task paste", "the task must be one of copy"),
        ("--recipe copy/abacus", "the recipe must be one of"),
        ("--network ntm_agents:ATM", "there is no network 'ntm_agents:ATM'"),
        ("--task-option min_length=9 --task-option max_length=3", "must not exceed"),
        ("--task-option num_bits=0", "num_bits must be an integer of at least 1, not 0"),
        ("--option memory_size", "must have the form NAME=VALUE"),
        ("--learning-rate 0", "learning_rate must be positive"),
        ("--task ngram --augmentation 0.1", "not made of random vectors"),
        ("--recipe copy/lstm --entropy-penalty 0.1", "which has no heads"),
    ],
)
def test_a_users_error_is_one_line_and_writes_nothing(
    arguments: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"

    code = main([*arguments.split(), "--output", str(output)])

    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not output.exists()


def test_a_solved_run_goes_on_for_its_sequences_at_a_rate_that_falls_to_zero(
    tmp_path: Path,
) -> None:
    config = dataclasses.replace(TINY, solved_below=1e9, decay_fraction=0.5)
    log = read_log(train(config, tmp_path / "run", show_progress=False).parent)

    assert log[-1]["sequences"] == config.report_every + config.sequences
    assert log[0]["learning_rate"] == config.learning_rate
    assert 0 < log[-1]["learning_rate"] < 0.1 * config.learning_rate


def test_an_unsolved_run_keeps_its_rate_until_its_patience_ends(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, solved_below=1e-9, patience=20, decay_fraction=1.0)
    log = read_log(train(config, tmp_path / "run", show_progress=False).parent)

    rates = {line["sequences"]: line["learning_rate"] for line in log}
    assert max(rates) == config.patience + config.sequences
    assert rates[20] == config.learning_rate
    assert rates[30] < config.learning_rate


@pytest.mark.parametrize(("since", "reports_without"), [("start", 0), ("solved", 3)])
def test_the_entropy_penalty_holds_from_the_start_or_once_the_task_is_solved(
    since: Literal["start", "solved"], reports_without: int, tmp_path: Path
) -> None:
    free = dataclasses.replace(TINY, solved_below=1e-9, patience=30)
    charged = dataclasses.replace(free, entropy_penalty=0.1, entropy_penalty_from=since)
    logs = [
        read_log(train(config, tmp_path / name, show_progress=False).parent)
        for config, name in ((free, "free"), (charged, "charged"))
    ]
    costs = [[line["validation_bits_per_sequence"] for line in log] for log in logs]

    assert costs[0][:reports_without] == costs[1][:reports_without]
    assert costs[0][reports_without] != costs[1][reports_without]


def test_an_entropy_penalty_ends_with_less_entropy(tmp_path: Path) -> None:
    config = dataclasses.replace(
        TINY, sequences=2_000, report_every=1_000, learning_rate=1e-3, decay_fraction=1.0
    )
    charged = dataclasses.replace(config, entropy_penalty=0.1)
    inputs = torch.as_tensor(config.make_task().sample(derive_keys(0, 0, 0, 20)).inputs)
    found = []
    for each, name in ((config, "free"), (charged, "charged")):
        network, _ = load_checkpoint(train(each, tmp_path / name, show_progress=False))
        assert isinstance(network, NTM)
        found.append(float(entropy_of(trace(network, inputs).write_weightings).mean()))

    assert found[1] < 0.5 * found[0]


def test_a_run_that_was_stopped_after_it_was_solved_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(
        TINY, solved_below=1e9, decay_fraction=0.5, entropy_penalty=0.1
    )
    expected = train(config, tmp_path / "whole", show_progress=False).read_bytes()
    save = SupervisedRun.save

    def stop_at_40(folder: SupervisedRun, progress: Progress) -> None:
        save(folder, progress)
        if progress.sequences == 40:
            raise KeyboardInterrupt

    monkeypatch.setattr(SupervisedRun, "save", stop_at_40)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts", show_progress=False)
    monkeypatch.undo()
    found = train(config, tmp_path / "parts", show_progress=False)

    assert found.read_bytes() == expected
