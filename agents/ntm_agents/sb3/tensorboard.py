"""What Stable-Baselines3 logs, as events for TensorBoard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import KVWriter, Logger

from ntm_agents.training.events import EventWriter


class _Events(KVWriter):
    """Hands numbers on to an `EventWriter`."""

    def __init__(self, writer: EventWriter) -> None:
        self._writer = writer

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: dict[str, tuple[str, ...]],
        step: int = 0,
    ) -> None:
        """Write what is a number and not kept from TensorBoard."""
        scalars = {
            name: float(value)
            for name, value in key_values.items()
            if isinstance(value, Real) and "tensorboard" not in (key_excluded[name] or ())
        }
        self._writer.write(scalars, step)

    def close(self) -> None:
        """Leave that to the writer's context."""


@contextlib.contextmanager
def log_to_tensorboard(model: BaseAlgorithm, folder: Path | None) -> Iterator[None]:
    """Have an algorithm's log written to a folder.

    Args:
        model: Later steps than it has made, in an older file of the folder, are forgotten.
        folder: Nothing is written if None.
    """
    if folder is None:
        yield
        return
    with EventWriter(folder, purge_step=model.num_timesteps) as writer:
        model.set_logger(Logger(str(folder), [_Events(writer)]))
        yield
