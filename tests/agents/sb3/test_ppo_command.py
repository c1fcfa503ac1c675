"""The command ``ntm-train ppo``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ntm_agents.sb3 import cli
from ntm_agents.sb3.ppo_run import PPORun
from ntm_agents.training.cli import main as ntm_train

ENV = ["--env", "NTMCopySmall-v0"]
LSTM = ["--policy", "ntm_baselines.sb3_lstm_policy:LSTMPolicy"]
SHORT = [
    *ENV,
    *[
        "--steps",
        "600",
        "--num-envs",
        "6",
        "--n-steps",
        "16",
        "--batch-size",
        "48",
        "--n-epochs",
        "2",
        "--quiet",
    ],
    *["--option", "memory_size=8", "--option", "word_size=4", "--option", "controller_size=12"],
]


def test_a_run_from_the_command_line_says_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    arguments = [*SHORT, "--seed", "3", "--clip-range", "0.1", "--output", str(output)]
    assert ntm_train(["ppo", *arguments]) == 0
    outcome = json.loads((output / "curve.json").read_text())
    assert outcome["preset"]["clip_range"] == 0.1
    assert outcome["preset"]["num_envs"] == 6
    assert outcome["policy_kwargs"]["ntm_kwargs"]["memory_size"] == 8
    assert outcome["command"].startswith("ntm-train ppo --env NTMCopySmall-v0 --steps 600")
    said = capsys.readouterr()
    assert said.out.startswith("672 steps in ")
    assert said.err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --env"),
        (["--env", "NTMCopy"], "the environment must be registered, not 'NTMCopy'"),
        (["--env", "CartPole-v1"], "the environment must be one of ntm-gym's"),
        ([*ENV, "--policy", "ntm_agents:NTM"], "must be a recurrent policy"),
        ([*ENV, "--policy", "nowhere:X"], "there is no policy 'nowhere:X'"),
        ([*ENV, "--policy", "nowhere"], "a name must be 'package.module:attribute'"),
        (
            [*ENV, "--policy", "sb3_contrib.ppo_recurrent.policies:MlpLstmPolicy"],
            "cannot learn bits, because of a defect of sb3-contrib; "
            "ntm_baselines.sb3_lstm_policy:LSTMPolicy is that LSTM",
        ),
        ([*ENV, "--option", "memory=8"], "memory must be a field of NTMConfig or an option of"),
        ([*ENV, "--option", "word_size=0"], "word_size must be"),
        ([*ENV, "--option", "word_size"], "an option must have the form NAME=VALUE"),
        ([*ENV, "--option", "memory_size=100000000"], "the states of 256 machines must not"),
        ([*ENV, *LSTM, "--option", "memory_size=8"], "LSTMPolicy cannot be built with"),
        ([*ENV, *LSTM, "--option", "lstm_hidden_size=0"], "LSTMPolicy cannot be built with"),
        ([*ENV, *LSTM, "--option", 'lstm_hidden_size="8"'], "LSTMPolicy cannot be built with"),
        ([*ENV, "--threads", "0"], "threads must lie between 1 and 1024, not be 0"),
        ([*ENV, "--device", "gpu"], "the device must be one of this machine"),
        ([*ENV, "--seed", "-1"], "seed must lie between 0 and 4294967295, not be -1"),
        ([*ENV, "--steps", "0"], "total_steps must lie between 1 and"),
        ([*ENV, "--steps", "1e6"], "argument --steps: invalid int value"),
        ([*ENV, "--batch-size", "100"], "batch_size must be a multiple of n_steps 48"),
        ([*ENV, "--learning-rate", "nan"], "learning_rate must be positive and finite"),
        ([*ENV, "--checkpoint-every", "0"], "checkpoint_every must be at least 1, not 0"),
        ([*ENV, "--task", "copy"], "unrecognized arguments: --task copy"),
        ([*ENV, "--sequences", "10"], "unrecognized arguments: --sequences 10"),
        ([*ENV, "--learning", "0.1"], "unrecognized arguments: --learning 0.1"),
        ([*ENV, "--seed", "1", "--seed", "2"], "argument --seed: must not be given twice"),
    ],
)
def test_a_users_error_is_one_line_before_anything_is_written(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    try:
        code: Any = cli.main([*arguments, "--output", str(output)])
    except SystemExit as error:
        code = error.code
    assert code == 2
    said = capsys.readouterr()
    assert said.err.startswith("ntm-train ppo: ")
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not output.exists()


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main([*SHORT, "--output", str(tmp_path / "file")]) == 2
    assert cli.main([*SHORT, "--output", str(tmp_path / "file/run")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"ntm-train ppo: {tmp_path / 'file'} must be a folder, but is a file"
    assert str(tmp_path / "file") in second


def test_weights_that_stop_being_finite_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*SHORT, "--learning-rate", "1e30", "--output", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "must stay finite, but did not before step" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run/model.safetensors").exists()


def test_every_option_has_a_help_text_with_its_default() -> None:
    for action in cli._parser()._actions:
        text = action.help or ""
        assert text
        assert action.required or action.dest == "help" or "default" in text


def test_batches_follow_the_length_of_rollouts(monkeypatch: pytest.MonkeyPatch) -> None:
    presets: list[Any] = []

    def kept(preset: Any, *_: Any, **__: Any) -> dict[str, Any]:
        presets.append(preset)
        return {"steps": 0, "wall_time_s": 0.0, "right_bits": 0.0}

    monkeypatch.setattr(cli, "learn", kept)
    assert cli.main([*ENV, "--n-steps", "24"]) == 0
    assert (presets[-1].n_steps, presets[-1].batch_size) == (24, 64 * 24)
    assert cli.main([*ENV, "--n-steps", "24", "--batch-size", "48"]) == 0
    assert presets[-1].batch_size == 48


def test_ctrl_c_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PPORun, "_on_step", interrupted)
        assert cli.main([*SHORT, "--output", str(tmp_path)]) == 130
    assert capsys.readouterr().err == (
        "ntm-train ppo: stopped; the same command goes on from the last checkpoint\n"
    )
    assert cli.main([*SHORT, "--output", str(tmp_path)]) == 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")
def test_runs_killed_at_random_end_as_if_they_never_stopped() -> None:
    """The number of kills may be given as ``NTM_KILLS``."""
    harness = Path(__file__).with_name("ppo_kill_harness.py")
    done = subprocess.run(
        [sys.executable, str(harness), "--kills", os.environ.get("NTM_KILLS", "8")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" runs, 0 runs lost")
