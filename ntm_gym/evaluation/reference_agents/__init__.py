"""Agents whose scores are known: the ceiling and the floors of every table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.reference_agents.coin import CoinAgent
from ntm_gym.evaluation.reference_agents.memoryless import MemorylessAgent
from ntm_gym.evaluation.reference_agents.oracle import OracleAgent
from ntm_gym.evaluation.reference_agents.silent import SilentAgent
from ntm_gym.tasks import Task

__all__ = [
    "REFERENCE_AGENTS",
    "CoinAgent",
    "MemorylessAgent",
    "OracleAgent",
    "SilentAgent",
]

REFERENCE_AGENTS: Mapping[str, Callable[[Task], Agent]] = MappingProxyType(
    {
        "oracle": OracleAgent,
        "memoryless": MemorylessAgent,
        "coin": CoinAgent,
        "silent": SilentAgent,
    }
)
"""Makers of the agents by name; each is called with the task that it will play."""
