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
        "NTMRepeatCopy-v0": {"task": "repeat_copy"},
        "NTMRepeatCopySmall-v0": {
            "task": "repeat_copy",
            "num_bits": 4,
            "max_length": 3,
            "max_repeats": 3,
        },
        "NTMRepeatCopyLong-v0": {
            "task": "repeat_copy",
            "min_length": 20,
            "max_length": 20,
            "min_repeats": 10,
            "max_repeats": 10,
        },
        "NTMAssociativeRecall-v0": {"task": "associative_recall"},
        "NTMAssociativeRecallSmall-v0": {
            "task": "associative_recall",
            "num_bits": 4,
            "item_length": 2,
            "max_items": 3,
        },
        "NTMAssociativeRecallLong-v0": {
            "task": "associative_recall",
            "min_items": 20,
            "max_items": 20,
        },
        "NTMNGram-v0": {"task": "ngram"},
        "NTMNGramSmall-v0": {"task": "ngram", "context_length": 2, "sequence_length": 50},
        "NTMNGramLong-v0": {"task": "ngram", "sequence_length": 1000},
        "NTMPrioritySort-v0": {"task": "priority_sort"},
        "NTMPrioritySortSmall-v0": {
            "task": "priority_sort",
            "num_bits": 4,
            "num_inputs": 4,
            "num_outputs": 3,
        },
        "NTMPrioritySortLong-v0": {
            "task": "priority_sort",
            "num_inputs": 40,
            "num_outputs": 32,
        },
    }
)
"""Arguments of `SequenceEnv` by id; where a task parameter is absent, it is the paper's."""

REWARD_THRESHOLDS: MappingProxyType[str, float] = MappingProxyType(
    {
        "NTMCopy-v0": 10.395,
        "NTMCopySmall-v0": 2.97,
        "NTMCopyLong-v0": 118.8,
        "NTMRepeatCopy-v0": 30.94,
        "NTMRepeatCopySmall-v0": 4.95,
        "NTMRepeatCopyLong-v0": 198.99,
        "NTMAssociativeRecall-v0": 2.97,
        "NTMAssociativeRecallSmall-v0": 1.98,
        "NTMAssociativeRecallLong-v0": 2.97,
        "NTMNGram-v0": 151.1,
        "NTMNGramSmall-v0": 38.75,
        "NTMNGramLong-v0": 811.8,
        "NTMPrioritySort-v0": 15.84,
        "NTMPrioritySortSmall-v0": 2.97,
        "NTMPrioritySortLong-v0": 31.68,
    }
)
"""By id: 99 % of the mean return of the best agent there is, under the default reward."""


def register_environment(
    env_id: str, *, reward_threshold: float | None = None, **arguments: Any
) -> None:
    """Make an id known to Gymnasium, with its single and its vector environment.

    Args:
        env_id: ``[namespace/]Name-vN``; an id that is known already stays as it is.
        reward_threshold: Mean return, of the default reward, from which the environment
            counts as solved.
        **arguments: Of `SequenceEnv`, ready for JSON.
    """
    if env_id not in gymnasium.registry:
        gymnasium.register(
            id=env_id,
            entry_point="ntm_gym.envs.sequence_env:SequenceEnv",
            vector_entry_point="ntm_gym.envs.sequence_vector_env:SequenceVectorEnv",
            reward_threshold=reward_threshold,
            kwargs=arguments,
        )


def register_environments() -> None:
    """Make all ids of the table known to Gymnasium."""
    for env_id, arguments in ENVIRONMENTS.items():
        threshold = REWARD_THRESHOLDS[env_id]
        register_environment(env_id, reward_threshold=threshold, **arguments)
