"""Finished runs on disk: ``TASK/NETWORK/seed-N``, as ``ntm-train`` writes them."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import Agent, SequenceAgent
from ntm_gym.evaluation.loading import import_by_name, load_checkpoint_agent

_TRACER = "ntm_agents.tracing:trace_arrays"


class Player(Agent, SequenceAgent, Protocol):
    """An agent that answers whole sequences."""


class MissingRunError(ValueError):
    """A figure cannot be drawn because a run has not been made."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        folder: Holds ``model.safetensors`` and ``log.jsonl``.
        seed: Training seed.
    """

    folder: Path
    seed: int

    @property
    def checkpoint(self) -> Path:
        """The published network."""
        return self.folder / "model.safetensors"

    def learning_curve(self) -> NDArray[np.float64]:
        """Return sequences and bits per held-out sequence, shape ``(reports, 2)``."""
        lines = [
            json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()
        ]
        return np.array(
            [(line["sequences"], line["validation_bits_per_sequence"]) for line in lines],
            np.float64,
        )

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
class Runs:
    """All finished runs under a folder.

    Attributes:
        root: The folder.
    """

    root: Path

    def find(self, task: str, network: str) -> list[Run]:
        """Return the finished runs of a recipe in the order of their seeds.

        Raises:
            MissingRunError: If there is none.
        """
        found = [
            Run(model.parent, int(model.parent.name.removeprefix("seed-")))
            for model in (self.root / task / network).glob("seed-*/model.safetensors")
        ]
        if not found:
            raise MissingRunError(f"no finished run in {self.root / task / network}")
        return sorted(found, key=lambda run: run.seed)

    def find_networks(self, task: str, networks: Mapping[str, Any]) -> dict[str, list[Run]]:
        """Return the finished runs of all networks that have one.

        Raises:
            MissingRunError: If none has.
        """
        found = {n: self.find(task, n) for n in networks if self._has_runs(task, n)}
        if not found:
            raise MissingRunError(f"no finished run in {self.root / task}")
        return found

    def first_ntm(self, task: str) -> Run:
        """Return the first seed of the NTM with a feed-forward, or else an LSTM controller.

        Raises:
            MissingRunError: If there is neither.
        """
        networks = self.find_networks(task, {"ntm-ff": None, "ntm-lstm": None})
        return next(iter(networks.values()))[0]

    def _has_runs(self, task: str, network: str) -> bool:
        return any((self.root / task / network).glob("seed-*/model.safetensors"))


def trace_run(run: Run, inputs: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return what every head of a Neural Turing Machine did; see `ntm_agents.tracing.Trace`.

    Args:
        run: A run of a Neural Turing Machine.
        inputs: Shape ``(B, T, I)``.

    Raises:
        ValueError: If the run's network is none.
    """
    arrays: dict[str, NDArray[Any]] | None = import_by_name(_TRACER)(run.agent(), inputs)
    if arrays is None:
        raise ValueError(f"{run.checkpoint} must hold a Neural Turing Machine")
    return arrays
