"""What works for learning from reward alone, by environment id."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


@dataclasses.dataclass(frozen=True)
class PPOPreset:
    """A run of PPO.

    Attributes:
        env_id: What is learned.
        num_envs: Episodes played at once.
        n_steps: Steps of each environment between two updates; should span several episodes.
        batch_size: Steps in a gradient step, a multiple of ``n_steps``.
        n_epochs: Passes over each rollout.
        learning_rate: Of Adam. With 1e-3 the prototype stayed at 0.78 of the bits.
        decay_fraction: Part of the run, at its end, over which the rate falls linearly to 0.
            At a constant rate one seed of five had learned NTMCopySmall-v0 by 200,000 steps
            and lost it again by 350,000; falling from the start, the rate left one of three
            on the plateau at 0.74 of the bits.
            With a fraction of 0 the rate is constant.
        gamma: Discount. 0 is exact: actions never influence observations. 0.99 learned, later.
        gae_lambda: Of generalized advantage estimation; without effect where ``gamma`` is 0.
        ent_coef: Weight of the entropy bonus. With 0 and 0.01 nothing was learned, with 0.05
            two runs of three, with 0.1 all.
        vf_coef: Weight of the critic's loss.
        clip_range: How far the ratio of probabilities may leave 1.
        max_grad_norm: Norm to which gradients are clipped.
        total_steps: Steps of all environments together.
        ntm_kwargs: Fields of `NTMConfig`. With an LSTM controller the prototype learned later.
            With an initial focus of 10 NTMCopySmall-v0 was learned by 150,000 steps in five
            seeds of five, with 4 by 100,000 and 350,000 in two.

    Raises:
        ValueError: If a number is out of range.
    """

    env_id: str
    num_envs: int = 256
    n_steps: int = 48
    batch_size: int = 3_072
    n_epochs: int = 4
    learning_rate: float = 3e-3
    decay_fraction: float = 0.6
    gamma: float = 0.0
    gae_lambda: float = 0.95
    ent_coef: float = 0.1
    vf_coef: float = 0.5
    clip_range: float = 0.2
    max_grad_norm: float = 0.5
    total_steps: int = 500_000
    ntm_kwargs: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {
            "memory_size": 16,
            "word_size": 8,
            "controller_size": 64,
        }
    )

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must lie between {least} and {most}, not be {value}")
        for name in ("learning_rate", "clip_range", "max_grad_norm"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be positive and finite, not {getattr(self, name)}"
                )
        for name in ("ent_coef", "vf_coef"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be finite and not negative, not {getattr(self, name)}"
                )
        if self.num_envs * self.n_steps > _LONGEST_ROLLOUT:
            raise ValueError(
                f"num_envs * n_steps must be at most {_LONGEST_ROLLOUT}, the steps of a "
                f"rollout, not {self.num_envs * self.n_steps}"
            )
        if self.num_envs * self.n_steps % self.batch_size == 1:
            raise ValueError(
                f"batch_size {self.batch_size} must not leave a last batch of one step, of "
                f"which advantages cannot be normalized: a rollout has num_envs * n_steps = "
                f"{self.num_envs * self.n_steps} steps"
            )

    def ppo_arguments(self) -> dict[str, Any]:
        """Return arguments of ``RecurrentPPO`` or `SequencePPO`, without policy and env."""
        names = (
            "n_steps",
            "batch_size",
            "n_epochs",
            "gamma",
            "gae_lambda",
            "ent_coef",
            "vf_coef",
            "clip_range",
            "max_grad_norm",
        )
        numbers = {name: getattr(self, name) for name in names}
        return {**numbers, "learning_rate": self.learning_rate_at}

    def learning_rate_at(self, progress_remaining: float) -> float:
        """Return the learning rate where this part of the run is left, from 1 to 0."""
        if not self.decay_fraction:
            return self.learning_rate
        return self.learning_rate * min(1.0, progress_remaining / self.decay_fraction)


_LONGEST_ROLLOUT = 2**22
_RANGES = {
    "num_envs": (1, 2**16),
    "n_steps": (1, 2**16),
    "batch_size": (2, 2**40),
    "n_epochs": (1, 2**20),
    "total_steps": (1, 2**53),
    "decay_fraction": (0, 1),
    "gamma": (0, 1),
    "gae_lambda": (0, 1),
}

_LARGER = {
    "memory_size": 32,
    "word_size": 12,
    "controller_size": 100,
}

PRESETS: Mapping[str, PPOPreset] = MappingProxyType(
    {
        preset.env_id: preset
        for preset in (
            PPOPreset("NTMCopySmall-v0"),
            PPOPreset("NTMRepeatCopySmall-v0", total_steps=1_000_000),
            PPOPreset("NTMAssociativeRecallSmall-v0", total_steps=1_000_000),
            PPOPreset("NTMNGramSmall-v0", n_steps=50, batch_size=3_200),
            PPOPreset("NTMPrioritySortSmall-v0", total_steps=1_000_000),
            PPOPreset(
                "NTMCopy-v0",
                n_steps=128,
                batch_size=4_096,
                total_steps=6_000_000,
                ntm_kwargs=_LARGER,
            ),
        )
    }
)


def find_preset(env_id: str) -> PPOPreset:
    """Return the preset of an id.

    Raises:
        ValueError: If there is none.
    """
    if env_id not in PRESETS:
        raise ValueError(f"the preset must be one of {', '.join(PRESETS)}, not {env_id!r}")
    return PRESETS[env_id]
