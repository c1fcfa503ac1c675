"""``ntm-gym bench sb3``: what learning costs with the NTM policy, beside what there was."""

from __future__ import annotations

import dataclasses
import platform
import statistics
import time
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.buffers import RecurrentRolloutBuffer

from benchmarks.timing import interleave, spreads
from ntm_agents.sb3.environments import make_sb3_env
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.presets import find_preset
from ntm_agents.sb3.sequence_buffer import SequencePPO, SequenceRolloutBuffer
from ntm_baselines.sb3_lstm_policy import LSTMPolicy

PAPER_SIZE = {"memory_size": 128, "word_size": 20, "controller_size": 100}
PACKAGES = ("ntm-gym", "torch", "numba", "stable-baselines3", "sb3-contrib")


@dataclasses.dataclass(frozen=True)
class Contestant:
    """An algorithm with a policy, on an environment.

    Attributes:
        size: ``"small"`` (`NTMCopySmall-v0`'s preset) or ``"paper"`` (128 x 20, controller of
            100, `NTMCopy-v0`).
        name: What the table calls it.
        sequences: Whether it has `SequenceRolloutBuffer`, else the stock buffer.
        policy_kwargs: Of the policy.
        lstm: Whether the policy is the LSTM's.
    """

    size: str
    name: str
    sequences: bool
    policy_kwargs: dict[str, Any]
    lstm: bool = False

    def build(self) -> RecurrentPPO:
        """Return the algorithm, ready to learn."""
        preset = find_preset("NTMCopySmall-v0")
        env_id, num_envs, arguments = preset.env_id, preset.num_envs, preset.ppo_arguments()
        if self.size == "paper":
            env_id, num_envs = "NTMCopy-v0", 32
            arguments |= {"n_steps": 128, "batch_size": 2_048}
        algorithm = SequencePPO if self.sequences else RecurrentPPO
        return algorithm(
            LSTMPolicy if self.lstm else NTMPolicy,
            make_sb3_env(env_id, num_envs),
            policy_kwargs=self.policy_kwargs,
            seed=1,
            device="cpu",
            **arguments,
        )


def contestants() -> list[Contestant]:
    """Return all, the slower ones of each size after the first."""
    small = dict(find_preset("NTMCopySmall-v0").ntm_kwargs)
    reference = {"ntm_kwargs": PAPER_SIZE, "backend": "reference"}
    return [
        Contestant("small", "NTM, whole sequences", True, {"ntm_kwargs": small}),
        Contestant("small", "NTM, stock buffer", False, {"ntm_kwargs": small}),
        Contestant("small", "LSTM of 128, stock", False, {"lstm_hidden_size": 128}, lstm=True),
        Contestant("paper", "NTM, whole sequences", True, {"ntm_kwargs": PAPER_SIZE}),
        Contestant("paper", "NTM, stock buffer", False, {"ntm_kwargs": PAPER_SIZE}),
        Contestant("paper", "NTM on the reference core, stock buffer", False, reference),
    ]


def measure(rounds: int) -> dict[str, Any]:
    """Measure learning, rollouts and updates together, on one thread.

    Args:
        rounds: Interleaved rounds, in each of which every contestant learns from one rollout;
            medians are reported.

    Returns:
        The result, ready for JSON.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        models = [(contestant, contestant.build()) for contestant in contestants()]
        for _, model in models:
            _learn_once(model)
        found = interleave(
            {_label(each): partial(_learn_once, model) for each, model in models}, rounds
        )
    finally:
        torch.set_num_threads(threads)
    return {
        "unit": "environment steps per second of CPU time, median of rounds",
        "rounds": rounds,
        "rows": [
            {
                "size": contestant.size,
                "name": contestant.name,
                "steps_per_second": round(statistics.median(found[_label(contestant)])),
                "fastest_over_slowest_round": spreads(found)[_label(contestant)],
                "rollout_bytes_per_step": round(rollout_bytes(model) / _steps(model), 1),
            }
            for contestant, model in models
        ],
        "machine": platform.platform(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def rollout_bytes(model: RecurrentPPO) -> int:
    """Return the bytes of all arrays that a filled rollout buffer holds."""
    buffer = model.rollout_buffer
    held = sum(value.nbytes for value in vars(buffer).values() if isinstance(value, np.ndarray))
    if isinstance(buffer, SequenceRolloutBuffer):
        tensors = {
            half.data_ptr(): half.numel() * half.element_size()
            for states in buffer.first_states
            for half in states
        }
        held += sum(tensors.values())
    assert isinstance(buffer, RecurrentRolloutBuffer)
    return held


def format_result(result: dict[str, Any]) -> str:
    """Return a result of `measure` as a Markdown table."""
    lines = [
        "| size | what | steps per CPU second | the first is faster by | bytes a step |",
        "|---|---|---|---|---|",
    ]
    first: dict[str, float] = {}
    for row in result["rows"]:
        best = first.setdefault(row["size"], row["steps_per_second"])
        lines.append(
            f"| {row['size']} | {row['name']} | {row['steps_per_second']:,} "
            f"| {best / row['steps_per_second']:.1f} | {row['rollout_bytes_per_step']:,.0f} |"
        )
    return "\n".join(lines)


def _learn_once(model: RecurrentPPO) -> float:
    """Return steps per second of CPU time over one rollout and its updates."""
    started = time.process_time()
    model.learn(_steps(model))
    return _steps(model) / (time.process_time() - started)


def _steps(model: RecurrentPPO) -> int:
    return model.n_steps * model.n_envs


def _label(contestant: Contestant) -> str:
    return f"{contestant.size}, {contestant.name}"
