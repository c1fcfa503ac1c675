"""The command ntm-train as users type it: what is wrong is said in one line."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from ntm_agents.command_line import parse_options
from ntm_agents.training.cli import main
from ntm_agents.training.command import make_config, make_parser
from ntm_agents.training.config import TrainingConfig
from ntm_gym.terminal import run_command

Named = Callable[[Callable[..., object]], str]
SMALL = [
    "--task-option", "num_bits=2", "--task-option", "max_length=2", "--network",
    "ntm_baselines:LSTM", "--option", "hidden_size=4", "--option", "num_layers=1",
    "--report-every", "10", "--quiet",
]  # fmt: skip
PROGRAM = [sys.executable, "-m", "ntm_agents.training.cli"]


def code_of(arguments: list[str]) -> int | str | None:
    """Return the exit code, whether it is returned or raised."""
    try:
        return main(arguments)
    except SystemExit as error:
        return error.code


def test_every_option_has_a_help_text_with_its_default() -> None:
    options = [
        action
        for action in make_parser()._actions
        if action.dest != "help" and action.help != argparse.SUPPRESS
    ]

    assert len(options) > 20
    assert [o.dest for o in options if "default: " not in (o.help or "")] == []


def test_options_are_still_taken_under_their_former_names() -> None:
    former = "--coincidences 0.2 --blur-penalty 0.1 --blur-penalty-from solved"
    today = "--augmentation 0.2 --entropy-penalty 0.1 --entropy-penalty-from solved"

    configs = [make_config(make_parser().parse_args(each.split())) for each in (former, today)]

    assert configs[0] == configs[1] != TrainingConfig()
    assert "coincidences" not in make_parser().format_help()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--coincidences 0.1 --augmentation 0.1", "--augmentation: must not be given twice"),
        ("--algorithm ppo --env NTMCopySmall-v0", "ntm-train ppo learns from reward alone"),
        ("--algorithm=supervised", "ntm-train ppo learns from reward alone"),
        (
            "--env NTMCopySmall-v0",
            "--env NTMCopySmall-v0; from reward alone learns ntm-train ppo",
        ),
        ("--seed 3 ppo", "ppo must be the first argument"),
        ("--seq 100", "unrecognized arguments: --seq 100"),
        ("--seed 1 --seed 2", "argument --seed: must not be given twice"),
        (
            "--option hidden_size=4 --option hidden_size=8",
            "'hidden_size' must not be given twice",
        ),
        ("--patience 1000", "--patience means nothing without --solved-below"),
        (
            "--entropy-penalty-from solved",
            "--entropy-penalty-from means nothing without --entropy-penal",
        ),
        ("--cuda-graph", "a CUDA graph needs a cuda device, not cpu"),
        ("--task-option colour=red", "unexpected keyword argument 'colour'"),
        ("--option colour=red", "does not take these options: got an unexpected keyword"),
        ("--option input_size=4", "'input_size' must be left out: the task makes it 9, not 4"),
        ("--option memory_size=NaN", "option 'memory_size' must be finite, not NaN"),
        ("--option =3", "must have the form NAME=VALUE, not '=3'"),
        ("--option memory_size=100000000000000", "cannot be built: .*allocate memory"),
        ("--device gpu", "the device must be one of this machine, such as cpu, not 'gpu'"),
        ("--device meta", "the device must be one of this machine, such as cpu, not 'meta'"),
        ("--device cpu:5", "a cpu has no index"),
        ("--threads 0", "threads must lie between 1 and 1024, not be 0"),
        ("--threads 1000000", "threads must lie between 1 and 1024"),
        ("--sequences 1e9", "invalid int value: '1e9'"),
        ("--seed -1", "seed must lie between 0 and 2\\*\\*64 - 1, not be -1"),
        ("--learning-rate nan", "learning_rate must be positive, not nan"),
        ("--learning-rate inf", "learning_rate must be at most 1e\\+30, not inf"),
        ("--weight-noise 1e300", "weight_noise must be at most"),
        ("--decay-fraction nan", "decay_fraction must lie between 0 and 1, not be nan"),
        ("--task-option max_length=1000000000", "an episode may hold at most 1048576 numbers"),
        ("--batch-size 1000000000 --sequences 1000000000 --report-every 1000000000", "0.5 GiB"),
        ("--network :x", "a name must be 'package.module:attribute', not ':x'"),
        (
            "--network nowhere:x",
            "there is no network 'nowhere:x': there is no module 'nowhere'",
        ),
        ("--network .here:x", "there is no network '.here:x'"),
        ("--network os:sep", "cannot be called"),
        ("--network builtins:exit", "does not take these options"),
        ("--output /dev/null", "/dev/null must be a folder, but is a file"),
        ("--output /dev/null/run", "Not a directory|not a directory"),
        ("--task \udcff", "the task must be one of copy"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_two(
    arguments: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments.split()
    if "--output" not in given and "--algorithm" not in arguments:
        given = [*given, "--output", str(tmp_path / "run")]

    assert code_of(given) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("ntm-train: ")
    assert re.search(message, error), error
    assert not (tmp_path / "run").exists()


def test_ppo_has_a_parser_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from ntm_agents.sb3 import cli

    given: list[list[str]] = []

    def ppo(arguments: list[str]) -> int:
        given.append(arguments)
        return 7

    monkeypatch.setattr(cli, "main", ppo, raising=False)

    assert main(["ppo", "--env", "NTMCopySmall-v0", "--seq", "1"]) == 7
    assert given == [["--env", "NTMCopySmall-v0", "--seq", "1"]]


class Interrupted(nn.Module):
    """Is interrupted from the keyboard in its third call, but not when it is built again."""

    calls = 0

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(input_size, output_size)

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        Interrupted.calls += 1
        if Interrupted.calls == 16:
            signal.raise_signal(signal.SIGINT)
        return self.layer(inputs), state


@pytest.mark.usefixtures("hears_signals")
def test_ctrl_c_is_one_line_and_the_run_goes_on(
    named: Named, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Interrupted.calls = 0
    command = ["--network", named(Interrupted), "--sequences", "40", "--report-every", "10"]
    command += ["--quiet", "--output", str(tmp_path)]

    assert main(command) == 130
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "stopped; called again" in captured.err
    assert not (tmp_path / "model.safetensors").exists()
    assert main(command) == 0
    assert (tmp_path / "model.safetensors").exists()


def environment() -> dict[str, str]:
    """Return what lets a process import what this one does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such pipe")
def test_a_reader_that_stops_reading_is_no_error_of_ours(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, *SMALL, "--sequences", "10", "--output", str(tmp_path)]

    done = subprocess.run(
        command, env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)

    assert done.stderr == ""
    assert done.returncode == 141  # as programs have that a broken pipe ends
    assert (tmp_path / "model.safetensors").exists()


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from ntm_agents.training.cli import main as train
from ntm_paper.cli import main as reproduce
print(train(["--output", sys.argv[1]]), reproduce(["train", "--quick", "--runs", sys.argv[1]]))
"""


def test_without_torch_the_commands_say_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "runs")],
        env=environment(),
        capture_output=True,
        text=True,
    )

    line = "there is no module 'torch': install it by pip install '.[all]'"
    assert done.stdout == "2 2\n"
    assert f"ntm-train: {line}\n" in done.stderr
    assert f"ntm-paper: {line}\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_commands_start_without_importing_torch() -> None:
    code = (
        "import sys, ntm_agents.training.cli, ntm_agents.training.command, "
        "ntm_paper.cli; print('torch' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=True
    )

    assert done.stdout.strip() == b"False"


@pytest.mark.skipif(sys.platform == "win32", reason="file names are text there")
def test_a_folder_whose_name_is_no_text_is_trained_in(tmp_path: Path) -> None:
    output = os.fsdecode(bytes(tmp_path) + b"/\xff")
    command = [*PROGRAM, *SMALL, "--sequences", "10", "--output", output]

    done = subprocess.run(command, env=environment(), capture_output=True)

    assert done.returncode == 0, done.stderr
    assert b"bits per held-out sequence" in done.stdout
    assert b"/\xff/model.safetensors" in done.stdout


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines"), "program: two lines"),
        (MemoryError(), "program: out of memory: MemoryError"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: x"), "program: out of memory: "),
        (
            OSError(28, "No space left on device", "a/b"),
            "program: a/b: No space left on device",
        ),
        (
            ModuleNotFoundError("no", name="torch"),
            "program: there is no module 'torch': install it by pip install '.[all]'",
        ),
        (FloatingPointError("nan"), "program: nan"),
    ],
)
def test_what_lies_outside_of_the_program_is_one_line(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert run_command("program", fail) == 2

    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


def test_an_error_of_the_program_itself_is_not_hidden() -> None:
    def fail() -> int:
        raise RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError, match="a mistake of ours"):
        run_command("program", fail)


def test_options_are_json_where_they_can_be_and_text_elsewhere() -> None:
    given = ["a=1", "b=1.5", "c=text", "d=[1, 2]", "e=", "f=a=b", f"g={'[' * 100_000}"]

    found = parse_options(given)

    assert list(found.values())[:6] == [1, 1.5, "text", [1, 2], "", "a=b"]
    assert found["g"].startswith("[[")
