"""How well a policy does on held-out episodes, while it learns and in the end."""

from __future__ import annotations

from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback

from ntm_agents.sb3.environments import env_point
from ntm_agents.sb3.policy_agent import PolicyAgent
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.tasks.keyed_random import derive_keys

VALIDATION, EVALUATION = 2, 1
HELD_OUT_EPISODES = 256


def right_bits(
    policy: RecurrentActorCriticPolicy, env_id: str, stream: int = VALIDATION
) -> float:
    """Return the part of the target bits that deterministic actions get right.

    Args:
        policy: Is put into evaluation mode.
        env_id: The environment.
        stream: Which held-out episodes.
    """
    policy.set_training_mode(False)
    keys = derive_keys(0, stream, 0, HELD_OUT_EPISODES)
    result = evaluate_point(PolicyAgent(policy), env_point(env_id), keys, HELD_OUT_EPISODES)
    wrong = result.bit_errors_per_sequence.sum()
    return float(1 - wrong / result.target_bits_per_sequence.sum())


class Curve(BaseCallback):
    """Notes the part of right bits on held-out episodes after every so many steps.

    Args:
        env_id: The environment.
        every: Steps of all environments between two points.

    Attributes:
        points: What was noted.
        finished_episodes: Episodes learned from.
        next_point: Steps from which the next point is noted.
    """

    def __init__(self, env_id: str, every: int) -> None:
        super().__init__()
        self._env_id, self._every, self.next_point = env_id, every, every
        self.points: list[dict[str, float]] = []
        self.finished_episodes = 0

    def _on_step(self) -> bool:
        self.finished_episodes += int(self.locals["dones"].sum())
        return True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self.next_point:
            self.note()
            self.next_point += self._every

    def note(self) -> None:
        """Add a point."""
        policy = self.model.policy
        assert isinstance(policy, RecurrentActorCriticPolicy)
        part = right_bits(policy, self._env_id)
        self.points.append({"steps": self.num_timesteps, "right_bits": round(part, 5)})
