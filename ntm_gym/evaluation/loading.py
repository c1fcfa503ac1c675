"""Agents by name or from checkpoints, so that the harness imports nobody's network."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.names import import_by_name
from ntm_gym.tasks import Task

TRUSTED_NETWORKS = frozenset(
    {
        "ntm_agents:NTM",
        "ntm_baselines:GRU",
        "ntm_baselines:LSTM",
        "ntm_baselines:Transformer",
    }
)
"""Networks that a checkpoint may name without the user's trust."""

ENTRY_POINTS = "ntm_gym.agents"
"""Group of the entry points by which installed packages offer agents; ``checkpoint`` is called
with a checkpoint and the trusted names."""


def load_checkpoint_agent(
    checkpoint: Path,
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str | None = None,
) -> Agent:
    """Return the agent of a checkpoint.

    Args:
        checkpoint: A published checkpoint.
        trusted: Names of networks that may be imported.
        loader: ``"package.module:factory"``, called with checkpoint and trusted names; the
            installed one if None.

    Raises:
        ValueError: If the checkpoint is damaged or names a network that is not trusted.
        ModuleNotFoundError: If torch is absent; it comes with the extra ``agents``.
    """
    make_agent = _installed_loader() if loader is None else import_by_name(loader)
    if not callable(make_agent):
        raise ValueError(f"{loader!r} must be called to make an agent, but is {make_agent!r}")
    agent = make_agent(checkpoint, trusted)
    if not isinstance(agent, Agent):
        raise ValueError(f"{loader!r} must make an agent with predict, not {agent!r}")
    return agent


def load_agent(name: str, task: Task, trusted: Collection[str] = TRUSTED_NETWORKS) -> Agent:
    """Return an agent by what a user calls it.

    Args:
        name: A reference agent; a checkpoint's ``.safetensors`` file; or
            ``"package.module:factory"``, called with the task.
        task: What it will play.
        trusted: Names of networks that a checkpoint may import.

    Raises:
        ValueError: If there is no such agent.
        ModuleNotFoundError: If a module that it needs is absent.
    """
    if name in REFERENCE_AGENTS:
        return REFERENCE_AGENTS[name](task)
    if name.endswith(".safetensors"):
        return load_checkpoint_agent(Path(name), trusted)
    if ":" not in name:
        raise ValueError(
            f"the agent must be one of {', '.join(REFERENCE_AGENTS)}, a .safetensors file, "
            f"or 'package.module:factory', not {name!r}"
        )
    agent = import_by_name(name)(task)
    if not isinstance(agent, Agent):
        raise ValueError(f"{name!r} must make an agent with predict, not {agent!r}")
    return agent


def _installed_loader() -> Any:
    """Return what loads checkpoints."""
    found = [*entry_points(group=ENTRY_POINTS, name="checkpoint")]
    if not found:
        raise ModuleNotFoundError(
            f"nothing installed loads checkpoints: there is no entry point 'checkpoint' in "
            f"the group {ENTRY_POINTS!r}; install ntm-gym again"
        )
    return found[0].load()
