"""The examples of README and docs, run exactly as they are written."""

import re
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from ntm_agents.sb3 import cli
from ntm_agents.sb3.published import find_policy
from ntm_agents.sb3.report import learning_table

ROOT = Path(__file__).parents[3]


def example(path: str, containing: str) -> str:
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / path).read_text(encoding="utf-8"), re.DOTALL
    )
    [block] = [block for block in blocks if containing in block]
    return str(block)


@pytest.mark.slow
def test_the_readmes_example_learns_copy_from_reward_alone() -> None:
    namespace: dict[str, Any] = {}
    exec(example("README.md", "SequencePPO"), namespace)
    assert 2.7 < namespace["mean_return"] < 3.3  # 1.5 without memory, 3 on average at best


@pytest.mark.parametrize("policy", ["LSTMPolicy", "NTMPolicy"])
def test_the_guides_examples_train_with_stock_recurrent_ppo(policy: str) -> None:
    namespace: dict[str, Any] = {}
    exec(example("docs/stable-baselines3.md", policy), namespace)
    assert namespace["model"].num_timesteps == 4_096
    assert type(namespace["model"].policy).__name__ == policy


def test_the_guide_shows_the_lstm_first() -> None:
    text = (ROOT / "docs/stable-baselines3.md").read_text(encoding="utf-8")
    first, second = re.findall(r"RecurrentPPO\((\w+), env", text)
    assert (first, second) == ("LSTMPolicy", "NTMPolicy")


def test_the_guides_commands_are_accepted() -> None:
    text = (ROOT / "docs/stable-baselines3.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```bash\n(ntm-train.*?)```", text, re.DOTALL)
    commands = block.replace("\\\n", " ").strip().splitlines()
    assert len(commands) == 2
    for command in commands:
        program, verb, *arguments = shlex.split(command)
        assert (program, verb) == ("ntm-train", "ppo")
        assert find_policy(cli._parser().parse_args(arguments).policy)


@pytest.mark.skipif(
    Version(version("sb3-contrib")) < Version("2.9"), reason="reported for sb3-contrib 2.9.2"
)
def test_the_first_report_for_upstream_is_still_true() -> None:
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Char"):
        exec(example("docs/stable-baselines3.md", "class Bits"), {})


def test_the_second_report_for_upstream_is_still_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match=r"Error\(s\) in loading state_dict"):
        exec(example("docs/stable-baselines3.md", "CartPole-v1"), {})


def test_a_run_that_never_learned_says_so() -> None:
    run = {
        "env_id": "NTMCopySmall-v0",
        "policy": "NTMPolicy",
        "parameters": 4289,
        "seed": 1,
        "steps": 1000,
        "right_bits": 0.95,
        "cpu_time_s": 2.0,
        "curve": [
            {"steps": 500, "right_bits": 0.5},
            {"steps": 1000, "right_bits": 0.9},
        ],
    }
    [line] = learning_table([run]).splitlines()[2:]
    assert line == (
        "| NTMCopySmall-v0 | NTMPolicy | 4,289 | 1,000 | 1 | 95.00% | 1k | never | 2 "
        "| 100.00% |"
    )
