"""Finished runs that figures are drawn from: on this machine, or shipped on a board."""

from __future__ import annotations

import abc
import dataclasses
import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import Agent, SequenceAgent, TracingAgent
from ntm_gym.evaluation.loading import load_checkpoint_agent
from ntm_gym.files import read_json
from ntm_paper.collection import RecipeRow

_NTMS = ("ntm-ff", "ntm-lstm")


class Player(Agent, SequenceAgent, Protocol):
    """An agent that answers whole sequences."""


class MissingRunError(ValueError):
    """A figure cannot be drawn because a run has not been made."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        checkpoint: The published network.
        curve: Its learning curve: a training's ``log.jsonl``, or a ``.curve.json``.
        seed: Training seed.
    """

    checkpoint: Path
    curve: Path
    seed: int

    def learning_curve(self) -> NDArray[np.float64]:
        """Return sequences and bits per held-out sequence, shape ``(reports, 2)``."""
        if self.curve.suffix == ".json":
            curve = read_json(self.curve)
            points = list(zip(curve["sequences"], curve["bits_per_sequence"], strict=True))
        else:
            lines = [
                json.loads(line) for line in self.curve.read_text(encoding="utf-8").splitlines()
            ]
            points = [
                (each["sequences"], each["validation_bits_per_sequence"]) for each in lines
            ]
        return np.array(points, np.float64)

    def agent(self) -> Player:
        """Load the network.

        Raises:
            ValueError: If it cannot answer whole sequences.
        """
        return _load(self.checkpoint)


@functools.lru_cache(maxsize=8)
def _load(checkpoint: Path) -> Player:
    agent = load_checkpoint_agent(checkpoint)
    if not isinstance(agent, SequenceAgent):
        raise ValueError(f"{checkpoint} must be a network that answers whole sequences")
    return agent


@dataclasses.dataclass(frozen=True)
class Runs(abc.ABC):
    """All finished runs under a folder.

    Attributes:
        root: The folder.
    """

    root: Path

    @abc.abstractmethod
    def folder(self, task: str, network: str) -> Path:
        """Return where the runs of a recipe lie."""

    @abc.abstractmethod
    def _runs(self, folder: Path) -> Iterable[Run]:
        """Return the finished runs in a recipe's folder."""

    def find(self, task: str, network: str) -> list[Run]:
        """Return the finished runs of a recipe in the order of their seeds.

        Raises:
            MissingRunError: If there is none.
        """
        folder = self.folder(task, network)
        found = sorted(self._runs(folder), key=lambda run: run.seed)
        if not found:
            raise MissingRunError(f"no finished run in {folder}")
        return found

    def find_networks(self, task: str, networks: Iterable[str]) -> dict[str, list[Run]]:
        """Return the finished runs of all networks that have one.

        Raises:
            MissingRunError: If none has.
        """
        found = {}
        for network in networks:
            if any(True for _ in self._runs(self.folder(task, network))):
                found[network] = self.find(task, network)
        if not found:
            raise MissingRunError(f"no finished run of {task} in {self.root}")
        return found

    def first(self, task: str, networks: Iterable[str] = _NTMS) -> Run:
        """Return the first seed of the first of some networks that has a run.

        Args:
            task: First word of the recipe.
            networks: Last words of recipes; the NTMs if not given.

        Raises:
            MissingRunError: If none has.
        """
        return next(iter(self.find_networks(task, networks).values()))[0]


class RunFolders(Runs):
    """``TASK/NETWORK/seed-N``, as ``ntm-train`` writes them."""

    def folder(self, task: str, network: str) -> Path:
        """Return where the runs of a recipe lie."""
        return self.root / task / network

    def _runs(self, folder: Path) -> Iterable[Run]:
        for model in folder.glob("seed-*/model.safetensors"):
            seed = int(model.parent.name.removeprefix("seed-"))
            yield Run(model, model.parent / "log.jsonl", seed)


class BoardEntries(Runs):
    """``supervised/TASK-NETWORK/seed-N.safetensors``, as on a leaderboard."""

    def folder(self, task: str, network: str) -> Path:
        """Return where the entry of a recipe lies."""
        return RecipeRow(task, network).folder(self.root)

    def _runs(self, folder: Path) -> Iterable[Run]:
        for weights in folder.glob("seed-*.safetensors"):
            seed = int(weights.stem.removeprefix("seed-"))
            yield Run(weights, weights.with_suffix(".curve.json"), seed)


def trace_run(run: Run, inputs: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return what every head of a machine did; see `ntm_agents.ntm.tracing.Trace`.

    Args:
        run: A run of a Neural Turing Machine.
        inputs: Shape ``(B, T, I)``.

    Raises:
        ValueError: If the run's network is none.
    """
    agent = run.agent()
    arrays = agent.trace_memory(inputs) if isinstance(agent, TracingAgent) else None
    if arrays is None:
        raise ValueError(f"{run.checkpoint} must hold a Neural Turing Machine")
    return dict(arrays)
