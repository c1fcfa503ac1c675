"""A run on disk, of any kind of training: configuration, checkpoint, lock."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from torch import Tensor

from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.training.layout import CONFIG, MODEL
from ntm_gym.files import is_leftover, naming, read_json, remove_leftovers, write_json

if TYPE_CHECKING:
    from typing_extensions import Self

_LOCK = ".lock"


class RunFolder:
    """The folder of one run; a context that no other process can be in.

    Args:
        path: A folder that does not exist, is empty, or holds the same run.
        config: What decides the run, ready for JSON.
        complete: Brings a configuration that an older version wrote to this one's fields.

    Attributes:
        path: The folder.
        model: Where the weights are published.
        tensorboard: Folder of TensorBoard's events.

    Raises:
        ValueError: If the folder holds something else, or another process is at work in it.
        OSError: If it cannot be written to.
    """

    def __init__(
        self,
        path: Path,
        config: dict[str, Any],
        complete: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        self.path = path
        self.model = path / MODEL
        self.tensorboard = path / "tensorboard"
        self._checkpoint = path / "checkpoint.safetensors"
        _check_content(path, config, complete)
        with naming(path):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path)
        try:
            remove_leftovers(path)
            _check_content(path, config, complete)  # another process may have begun meanwhile
            if not (path / CONFIG).exists():
                write_json(path / CONFIG, config)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
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

    def write_checkpoint(self, tensors: dict[str, Tensor], fields: dict[str, Any]) -> None:
        """Replace the checkpoint.

        Args:
            tensors: By name.
            fields: Ready for JSON, and finite.

        Raises:
            OSError: If it cannot be written; the last one stays.
        """
        write_tensors(self._checkpoint, tensors, json.dumps(fields, allow_nan=False))

    def read_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what was written last; None if nothing was.

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
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{self._checkpoint} must be the checkpoint of this run: {error}; remove it to "
                f"begin the run anew"
            ) from error


def _check_content(
    path: Path,
    config: dict[str, Any],
    complete: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Refuse a folder that holds something else than this run, and change nothing."""
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} must be a folder, but is a file")
    if (path / CONFIG).exists():
        given, wanted = complete(read_json(path / CONFIG)), json.loads(json.dumps(config))
        if differing := _differing(given, wanted):
            raise ValueError(
                f"{path} holds another run: {', '.join(differing)} differ; "
                f"give another --output or remove the folder"
            )
    elif path.exists() and not all(map(_may_lie_in_new_folder, path.iterdir())):
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


def _may_lie_in_new_folder(path: Path) -> bool:
    """Return whether a run that was killed before its first write may have left a file."""
    return path.name == _LOCK or is_leftover(path)


def _lock(folder: Path) -> FileLock:
    """Hold a lock that no other process can hold until this one ends or releases it."""
    path = folder / _LOCK
    lock = FileLock(path, timeout=0)
    with naming(path):
        try:
            lock.acquire()
        except Timeout as error:
            raise ValueError(
                f"another process is training in {folder}, and holds {path}"
            ) from error
    return lock
