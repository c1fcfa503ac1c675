"""Agents and their makers by name, so that the harness imports nobody's network."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.tasks import Task

TRUSTED_NETWORKS = frozenset(
    {
        "ntm_agents:NTM",
        "ntm_baselines:GRU",
        "ntm_baselines:LSTM",
        "ntm_baselines:Transformer",
    }
)
"""Networks that a checkpoint may name without being asked for."""

CHECKPOINT_LOADER = "ntm_agents:load_agent"


def import_by_name(name: str) -> Any:
    """Import something.

    Args:
        name: ``"package.module:attribute"``. Importing runs code: name only what you trust.

    Raises:
        ValueError: If it does not exist.
        ModuleNotFoundError: If a module that it needs is absent.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute or not module_name or module_name.startswith("."):
        raise ValueError(f"a name must be 'package.module:attribute', not {name!r}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"there is no module {module_name!r} for {name!r}") from error
    try:
        return operator.attrgetter(attribute)(module)
    except AttributeError as error:
        raise ValueError(f"module {module_name!r} has no {attribute!r}") from error


def load_checkpoint_agent(
    checkpoint: Path,
    trusted: Collection[str] = TRUSTED_NETWORKS,
    loader: str = CHECKPOINT_LOADER,
) -> Agent:
    """Return the agent of a checkpoint.

    Args:
        checkpoint: A published checkpoint.
        trusted: Names of networks that may be imported.
        loader: ``"package.module:factory"``, called with checkpoint and trusted names.

    Raises:
        ValueError: If the checkpoint is damaged or names a network that is not trusted.
        ModuleNotFoundError: If torch is absent; it comes with the extra ``agents``.
    """
    make_agent = import_by_name(loader)
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
