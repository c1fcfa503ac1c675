"""A run of PPO on disk: configuration, checkpoint, and in the end the outcome."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from ntm_agents.files import read_tensors, write_tensors
from ntm_gym.files import is_leftover, naming, read_json, remove_leftovers, write_json

_LOCK = ".lock"


class PPORunFolder:
    """The folder of one run; a context that no other process can be in.

    Args:
        path: A folder that does not exist, is empty, or holds the same run.
        config: What decides the run, ready for JSON.

    Attributes:
        model: Where the weights are published.
        outcome: Where the outcome is written, last; a run that has one is finished.
        tensorboard: Where TensorBoard's events lie.

    Raises:
        ValueError: If the folder holds something else, or another process is at work in it.
        OSError: If it cannot be written.
    """

    def __init__(self, path: Path, config: dict[str, Any]) -> None:
        """Claim the folder for this run."""
        self.path = path
        self.model = path / "model.safetensors"
        self.outcome = path / "curve.json"
        self.tensorboard = path / "tensorboard"
        self._config = path / "config.json"
        self._checkpoint = path / "checkpoint.safetensors"
        _check_content(path, self._config, config)
        with naming(path):
            path.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(path / _LOCK)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise ValueError(f"another process is training in {path}") from error
        try:
            remove_leftovers(path)
            _check_content(path, self._config, config)
            if not self._config.exists():
                write_json(self._config, config)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> PPORunFolder:
        """Return the folder."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let other processes in."""
        self._lock.release()

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self._checkpoint.exists()

    def save(self, tensors: dict[str, Tensor], fields: dict[str, Any]) -> None:
        """Replace the checkpoint.

        Args:
            tensors: By name.
            fields: Ready for JSON.
        """
        write_tensors(self._checkpoint, tensors, json.dumps(fields))

    def restore(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what was saved last, None if nothing was.

        Raises:
            ValueError: If the checkpoint is damaged or foreign.
        """
        if not self.has_checkpoint:
            return None
        with self.naming_checkpoint():
            tensors, text = read_tensors(self._checkpoint)
            fields = json.loads(text)
            if not isinstance(fields, dict):
                raise ValueError("it says nothing of its run")
        return tensors, fields

    @contextlib.contextmanager
    def naming_checkpoint(self) -> Iterator[None]:
        """Let an error of what is read from the checkpoint say which file, and what to do.

        Raises:
            ValueError: The same error with more words.
        """
        try:
            yield
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{self._checkpoint} must be the checkpoint of this run: {error}; remove it to "
                f"begin the run anew"
            ) from error


def _check_content(path: Path, config_path: Path, config: dict[str, Any]) -> None:
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} must be a folder")
    if config_path.exists():
        given, wanted = read_json(config_path), json.loads(json.dumps(config))
        differing = _differing(given, wanted)
        if differing:
            raise ValueError(
                f"{path} holds another run: {', '.join(differing)} differ; "
                f"give another --output or remove the folder"
            )
    elif path.exists() and any(
        not is_leftover(entry) and entry.name != _LOCK for entry in path.iterdir()
    ):
        raise ValueError(f"{path} must be empty or hold a run, but holds something else")


def _differing(given: dict[str, Any], wanted: dict[str, Any], within: str = "") -> list[str]:
    """Return the names of fields that differ, ``a.b`` for a field ``b`` of ``a``."""
    names: list[str] = []
    for name in sorted(given.keys() | wanted.keys()):
        one, other = given.get(name), wanted.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            names += _differing(one, other, f"{within}{name}.")
        elif one != other:
            names.append(f"{within}{name}")
    return names
