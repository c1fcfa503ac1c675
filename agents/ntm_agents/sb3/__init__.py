"""The NTM in Stable-Baselines3: policy, environments, buffer, presets."""

from ntm_agents.sb3.environments import make_sb3_env
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.policy_agent import PolicyAgent
from ntm_agents.sb3.presets import PRESETS, PPOPreset, find_preset
from ntm_agents.sb3.published import load_policy, save_policy
from ntm_agents.sb3.sequence_buffer import (
    SequenceDictRolloutBuffer,
    SequencePPO,
    SequenceRolloutBuffer,
)
from ntm_agents.sb3.vec_env import SB3VectorEnv
from ntm_agents.sb3.weights import from_network, to_network

__all__ = [
    "PRESETS",
    "NTMPolicy",
    "PPOPreset",
    "PolicyAgent",
    "SB3VectorEnv",
    "SequenceDictRolloutBuffer",
    "SequencePPO",
    "SequenceRolloutBuffer",
    "find_preset",
    "from_network",
    "load_policy",
    "make_sb3_env",
    "save_policy",
    "to_network",
]
