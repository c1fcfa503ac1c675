import json
from pathlib import Path

import pytest

from ntm_agents import load_agent
from ntm_agents.sb3 import PRESETS
from ntm_agents.sb3.learning import env_point
from ntm_agents.training.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.submission import submit
from ntm_gym.tasks.keyed_random import derive_keys


def test_a_run_from_reward_alone_publishes_the_network_that_it_measured(tmp_path: Path) -> None:
    output = tmp_path / "run"
    arguments = ["--algorithm", "ppo", "--env", "NTMCopySmall-v0", "--steps", "24000"]
    assert main([*arguments, "--seed", "3", "--output", str(output)]) == 0

    outcome = json.loads((output / "curve.json").read_text(encoding="utf-8"))
    keys = derive_keys(0, 1, 0, 256)
    agent = load_agent(output / "model.safetensors")
    result = evaluate_point(agent, env_point("NTMCopySmall-v0"), keys)
    wrong = result.bit_errors_per_sequence.sum() / result.target_bits_per_sequence.sum()

    assert outcome["right_bits"] == pytest.approx(1 - wrong)
    assert outcome["seed"] == 3
    assert outcome["curve"][-1]["steps"] == outcome["steps"] == 24_576


def test_a_run_from_reward_alone_can_enter_the_leaderboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = Suite("tiny", 1, (env_point("NTMCopySmall-v0"),), 10)
    monkeypatch.setattr(suites, "SUITES", {"tiny": suite})
    output, target = tmp_path / "run", tmp_path / "board/reward-only/ntm"
    arguments = ["--algorithm", "ppo", "--env", "NTMCopySmall-v0", "--steps", "12288"]
    assert main([*arguments, "--output", str(output)]) == 0
    about = dict.fromkeys(("name", "authors", "link", "licence", "commit"), "x")

    entry = submit(target, [output / "model.safetensors"], suite, about)

    [run] = entry.runs
    assert entry.track == "reward-only"
    assert run.updates == 4 * 4
    assert 12_288 / 11 - 256 <= run.sequences <= 12_288 / 3
    assert run.points["NTMCopySmall-v0"].bits_per_sequence is not None


@pytest.mark.slow
def test_copy_is_learned_from_reward_alone(tmp_path: Path) -> None:
    output = tmp_path / "run"
    arguments = ["--algorithm", "ppo", "--env", "NTMCopySmall-v0", "--seed", "1"]
    assert main([*arguments, "--output", str(output)]) == 0
    right_bits = json.loads((output / "curve.json").read_text(encoding="utf-8"))["right_bits"]
    # Runs of one seed may part: this one has ended at 100 % and at 98.1 %; what has
    # no memory ends at 50 %, the plateau before copying is learned lies below 80 %.
    assert right_bits >= 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "NTMCopyLong-v0"], "preset must be one of NTMCopySmall-v0"),
        (["--env", "NTMCopySmall-v0", "--policy", "ntm_agents:NTM"], "recurrent policy"),
        (["--env", "NTMCopySmall-v0", "--policy", "nowhere:X"], "package.module:class"),
        (["--env", "NTMCopySmall-v0", "--option", "word_size=0"], "word_size must be"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    assert main(["--algorithm", "ppo", *arguments, "--output", str(output)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not output.exists()


def test_presets_cut_rollouts_into_whole_sequences() -> None:
    for preset in PRESETS.values():
        assert preset.batch_size % preset.n_steps == 0
