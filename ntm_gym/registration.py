"""The registered environments: one table, one loop."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import gymnasium

ENVIRONMENTS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "NTMCopy-v0": {"task": "copy"},
        "NTMCopySmall-v0": {"task": "copy", "num_bits": 4, "max_length": 5},
        "NTMCopyLong-v0": {"task": "copy", "min_length": 120, "max_length": 120},
    }
)
"""Arguments of `SequenceEnv` by id; where a task parameter is absent, it is the paper's."""


def register_environments() -> None:
    """Make the ids known to Gymnasium."""
    for env_id, arguments in ENVIRONMENTS.items():
        if env_id in gymnasium.registry:
            continue
        gymnasium.register(
            id=env_id,
            entry_point="ntm_gym.envs.sequence_env:SequenceEnv",
            vector_entry_point="ntm_gym.envs.sequence_vector_env:SequenceVectorEnv",
            kwargs=dict(arguments),
        )
