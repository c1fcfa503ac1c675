"""Runs from reward alone: what they publish, and that a stop changes nothing."""

import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn

from ntm_agents import load_agent
from ntm_agents.files import write_tensors
from ntm_agents.sb3 import (
    PRESETS,
    NTMPolicy,
    PPOPreset,
    SequencePPO,
    learning,
    load_policy,
    make_sb3_env,
)
from ntm_agents.sb3.curve import EVALUATION, right_bits
from ntm_agents.sb3.environments import env_point, preset_for
from ntm_agents.sb3.learning import learn
from ntm_agents.sb3.ppo_run import PPORun
from ntm_agents.training.run_folder import RunFolder
from ntm_baselines.sb3_lstm_policy import LSTMPolicy
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.submission import submit
from ntm_gym.tasks.keyed_random import derive_keys

SHORT = PPOPreset(
    "NTMCopySmall-v0",
    num_envs=6,
    n_steps=16,
    batch_size=48,
    n_epochs=2,
    total_steps=96 * 7,
    ntm_kwargs={"memory_size": 8, "word_size": 4, "controller_size": 12},
)
TIMES = ("wall_time_s", "cpu_time_s")


class Stopped(Exception):
    """Stands for a kill."""


class Dropping(FlattenExtractor):
    """Drops inputs, and normalizes them by statistics of batches."""

    def __init__(self, observation_space: spaces.Space[Any]) -> None:
        super().__init__(observation_space)
        size = self.features_dim
        self.layers = nn.Sequential(nn.BatchNorm1d(size), nn.Dropout(0.3))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.layers(super().forward(observations))
        return seen


POLICIES: dict[str, tuple[Any, dict[str, Any] | None]] = {
    "NTM": (NTMPolicy, None),
    "NTM with a critic of its own": (
        NTMPolicy,
        {"ntm_kwargs": dict(SHORT.ntm_kwargs), "critic": "separate"},
    ),
    "LSTM": (LSTMPolicy, {"lstm_hidden_size": 9}),
}


def weights(run: Path) -> bytes:
    return (run / "model.safetensors").read_bytes()


def without_times(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name not in TIMES}


def stop_after(
    saves: int, output: Path, monkeypatch: pytest.MonkeyPatch, *arguments: Any
) -> None:
    """Learn until so many checkpoints are written, then stop in the middle of a rollout."""
    left = [saves]
    save, step = RunFolder.write_checkpoint, PPORun._on_step

    def counted(self: RunFolder, *given: Any) -> None:
        save(self, *given)
        left[0] -= 1

    def stopping(self: PPORun) -> bool:
        if left[0] <= 0:
            raise Stopped
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_checkpoint", counted)
        patch.setattr(PPORun, "_on_step", stopping)
        with pytest.raises(Stopped):
            learn(SHORT, 3, output, *arguments, checkpoint_every=1)


@pytest.mark.parametrize("kind", POLICIES)
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learn(SHORT, 3, tmp_path / "whole", *POLICIES[kind])
    for saves in (0, 2, 1, 1):
        stop_after(saves, tmp_path / "stopped", monkeypatch, *POLICIES[kind])
        np.random.seed(5)  # noqa: NPY002, another process begins elsewhere
        torch.manual_seed(5)
        random.seed(5)
    resumed = learn(SHORT, 3, tmp_path / "stopped", *POLICIES[kind])

    assert without_times(resumed) == without_times(whole)
    weights = [
        (tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "stopped")
    ]
    assert weights[0] == weights[1]


def test_dropout_and_statistics_of_batches_are_resumed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dropped(LSTMPolicy):
        def __init__(self, *given: Any, **kwargs: Any) -> None:
            super().__init__(*given, **kwargs, features_extractor_class=Dropping)

    options = {"lstm_hidden_size": 9}
    whole = learn(SHORT, 3, tmp_path / "whole", Dropped, options)
    for _ in range(2):
        stop_after(2, tmp_path / "stopped", monkeypatch, Dropped, options)
    resumed = learn(SHORT, 3, tmp_path / "stopped", Dropped, options)
    assert without_times(resumed) == without_times(whole)
    weights = [
        (tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "stopped")
    ]
    assert weights[0] == weights[1]


def test_right_bits_are_counted_in_evaluation_mode() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 1)
    policy = LSTMPolicy(
        env.observation_space,
        env.action_space,
        lambda _: 0.0,
        lstm_hidden_size=9,
        features_extractor_class=Dropping,
    )
    policy.set_training_mode(True)
    statistics = [buffer.clone() for buffer in policy.buffers()]
    assert right_bits(policy, "NTMCopySmall-v0") == right_bits(policy, "NTMCopySmall-v0")
    for before, after in zip(statistics, policy.buffers(), strict=True):
        assert torch.equal(before, after)


def test_a_finished_run_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = learn(SHORT, 3, tmp_path / "run")
    files = {path: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    monkeypatch.setattr(learning, "_train", None)
    assert learn(SHORT, 3, tmp_path / "run") == outcome
    assert {path: path.read_bytes() for path in files} == files


def test_a_run_stopped_while_it_was_published_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learn(SHORT, 3, tmp_path / "whole")

    def stopped(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(learning, "write_json", stopped)
        with pytest.raises(Stopped):
            learn(SHORT, 3, tmp_path / "run")
    assert (tmp_path / "run/model.safetensors").exists()
    assert without_times(learn(SHORT, 3, tmp_path / "run")) == without_times(whole)


def test_another_run_in_the_folder_is_refused_with_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(1, tmp_path, monkeypatch)
    checkpoint = (tmp_path / "checkpoint.safetensors").read_bytes()
    other = dataclasses.replace(SHORT, ent_coef=0.2, ntm_kwargs={"memory_size": 9})
    with pytest.raises(
        ValueError,
        match=r"another run: policy_kwargs.ntm_kwargs.*, preset.ent_coef, .*, seed differ",
    ):
        learn(other, 4, tmp_path)
    with pytest.raises(ValueError, match="another run: policy, policy_kwargs"):
        learn(SHORT, 3, tmp_path, LSTMPolicy, {"lstm_hidden_size": 9})
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == checkpoint


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(ValueError, match="must be empty or hold a run"):
        learn(SHORT, 3, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_a_killed_first_write_leaves_does_not_block_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".config.json.1a2b3c4d.partial").write_text('{"al')
    with RunFolder(tmp_path, {"seed": 1}):
        assert not list(tmp_path.glob("*.partial"))


def test_two_processes_cannot_be_in_one_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ntm_agents.training.run_folder import *\n"
        "RunFolder(Path(sys.argv[1]), {'seed': 1})"
    )
    with RunFolder(tmp_path, {"seed": 1}):
        found = subprocess.run(
            [sys.executable, "-c", program, tmp_path], capture_output=True, text=True
        )
    assert "another process is training in" in found.stderr
    with RunFolder(tmp_path, {"seed": 1}):
        pass


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_damaged_checkpoint_is_named(
    damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(1, tmp_path, monkeypatch)
    checkpoint = tmp_path / "checkpoint.safetensors"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors must .* remove it to begin"):
        learn(SHORT, 3, tmp_path)
    assert not (tmp_path / "curve.json").exists()


def test_the_checkpoint_of_another_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(1, tmp_path / "ntm", monkeypatch)
    stop_after(1, tmp_path / "lstm", monkeypatch, *POLICIES["LSTM"])
    foreign = tmp_path / "ntm/checkpoint.safetensors"
    foreign.write_bytes((tmp_path / "lstm/checkpoint.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors must .* remove it to begin"):
        learn(SHORT, 3, tmp_path / "ntm")
    write_tensors(foreign, {}, "[]")
    with pytest.raises(ValueError, match="it says nothing of its run; remove it to begin"):
        learn(SHORT, 3, tmp_path / "ntm")


def test_nothing_that_is_not_finite_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = SequencePPO.train

    def poisoned(self: Any) -> None:
        train(self)
        if self.num_timesteps >= poison_at:
            next(iter(self.policy.parameters())).data.fill_(float("nan"))

    monkeypatch.setattr(SequencePPO, "train", poisoned)
    for poison_at, message in (
        (96, r"weights must stay finite, but did not before step 96$"),
        (96 * 4, r"before step 384; the last good checkpoint is in .*run-384$"),
        (96 * 7, r"before step 672; the last good checkpoint is in"),
    ):
        output = tmp_path / f"run-{poison_at}"
        with pytest.raises(FloatingPointError, match=message):
            learn(SHORT, 3, output, checkpoint_every=1)
        assert not (output / "model.safetensors").exists()
        assert not (output / "curve.json").exists()


def test_events_for_tensorboard_are_written_when_asked_for(tmp_path: Path) -> None:
    learn(SHORT, 3, tmp_path / "without")
    learn(SHORT, 3, tmp_path / "with", tensorboard=True)
    assert not (tmp_path / "without/tensorboard").exists()
    [events] = (tmp_path / "with/tensorboard").iterdir()
    assert b"train/entropy_loss" in events.read_bytes()
    weights = [
        (tmp_path / run / "model.safetensors").read_bytes() for run in ("with", "without")
    ]
    assert weights[0] == weights[1]


def test_a_run_publishes_the_network_that_it_measured(tmp_path: Path) -> None:
    outcome = learn(SHORT, 3, tmp_path)

    keys = derive_keys(0, 1, 0, 256)
    agent = load_agent(tmp_path / "model.safetensors")
    result = evaluate_point(agent, env_point("NTMCopySmall-v0"), keys)
    wrong = result.bit_errors_per_sequence.sum() / result.target_bits_per_sequence.sum()

    assert json.loads((tmp_path / "curve.json").read_text()) == outcome
    assert outcome["right_bits"] == pytest.approx(1 - wrong)
    assert outcome["seed"] == 3
    assert outcome["curve"][-1]["steps"] == outcome["steps"] == 672


def test_the_weights_of_every_policy_are_kept(tmp_path: Path) -> None:
    outcome = learn(SHORT, 3, tmp_path, LSTMPolicy, {"lstm_hidden_size": 9})
    policy, description = load_policy(tmp_path / "model.safetensors")
    assert right_bits(policy, "NTMCopySmall-v0", EVALUATION) == outcome["right_bits"]
    assert description["policy"] == "ntm_baselines.sb3_lstm_policy:LSTMPolicy"
    assert description["policy_kwargs"] == {"lstm_hidden_size": 9}
    assert description["track"] == "reward only"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy": "os:system"}, "must be trusted to be imported; trusted are ntm_baselines"),
        ({"policy_kwargs": {"lstm_hidden_size": 8}}, "does not fit .*LSTMPolicy.: .* differ"),
        ({"policy_kwargs": {"lstm_hidden_size": 10**12}}, "options must be at most"),
        (
            {"policy_kwargs": {"lstm_hidden_size": 10**6}},
            "options ask for more than",
        ),
        ({"policy_kwargs": {"nope": 8}}, "does not take its policy_kwargs"),
        ({"task": {"name": "nope", "parameters": {}}}, "nope"),
        ({"task": {}}, "the description's task cannot be built"),
        ({"format": 2}, "must have format 1, not 2"),
        ({"policy": None}, "must say 'policy' as str, not None"),
    ],
)
def test_a_policy_that_does_not_fit_its_description_is_refused(
    change: dict[str, Any], message: str, published_lstm: Path
) -> None:
    description = json.loads(published_lstm.with_suffix(".json").read_text())
    published_lstm.with_suffix(".json").write_text(json.dumps(description | change))
    with pytest.raises(ValueError, match=message):
        load_policy(published_lstm)


@pytest.fixture
def published_lstm(tmp_path: Path) -> Path:
    preset = dataclasses.replace(SHORT, total_steps=1)
    learn(preset, 3, tmp_path / "lstm", LSTMPolicy, {"lstm_hidden_size": 9})
    return tmp_path / "lstm/model.safetensors"


def test_a_policy_without_its_description_is_refused(published_lstm: Path) -> None:
    published_lstm.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="must have its description beside it"):
        load_policy(published_lstm)


def test_a_run_from_reward_alone_can_enter_the_leaderboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = Suite("tiny", 1, (env_point("NTMCopySmall-v0"),), 10)
    monkeypatch.setattr(suites, "SUITES", {"tiny": suite})
    output, target = tmp_path / "run", tmp_path / "board/reward-only/ntm"
    preset = dataclasses.replace(PRESETS["NTMCopySmall-v0"], total_steps=12_288)
    learn(preset, 1, output)
    about = dict.fromkeys(("name", "authors", "link", "licence", "commit"), "x")

    entry = submit(target, [output / "model.safetensors"], suite, about)

    [run] = entry.runs
    assert entry.track == "reward-only"
    assert run.updates == 4 * 4
    assert 12_288 / 11 - 256 <= run.sequences <= 12_288 / 3
    assert run.points["NTMCopySmall-v0"].bits_per_sequence is not None


@pytest.mark.slow
def test_copy_is_learned_from_reward_alone(tmp_path: Path) -> None:
    # What has no memory ends at 50 %, the plateau before copying is learned lies below 80 %.
    assert learn(PRESETS["NTMCopySmall-v0"], 1, tmp_path)["right_bits"] >= 0.95


def test_presets_cut_rollouts_into_whole_sequences() -> None:
    for preset in PRESETS.values():
        assert preset.batch_size % preset.n_steps == 0


def test_every_environment_has_numbers_to_begin_with() -> None:
    for env_id in ("NTMCopyLong-v0", "NTMRepeatCopy-v0", "NTMNGram-v0"):
        preset = preset_for(env_id)
        assert preset.n_steps >= 2 * env_point(env_id).make_task().max_steps
        assert preset.batch_size % preset.n_steps == 0
    assert preset_for("NTMCopy-v0") is PRESETS["NTMCopy-v0"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_steps": 0}, "n_steps must lie between 1 and"),
        ({"total_steps": 0}, "total_steps must lie between 1 and"),
        ({"gamma": float("nan")}, "gamma must lie between 0 and 1, not be nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive and finite"),
        ({"ent_coef": -1.0}, "ent_coef must be finite and not negative"),
        ({"batch_size": 95}, "must not leave a last batch of one step"),
        ({"num_envs": 2**16, "n_steps": 2**16}, r"num_envs \* n_steps must be at most"),
    ],
)
def test_numbers_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SHORT, **change)


def test_a_constant_learning_rate_can_be_asked_for() -> None:
    preset = dataclasses.replace(SHORT, decay_fraction=0.0)
    assert preset.learning_rate_at(0.0) == preset.learning_rate_at(1.0) == 3e-3
