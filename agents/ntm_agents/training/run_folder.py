"""A run on disk: configuration, checkpoint, log, and in the end the published network."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from ntm_agents.checkpoints import read_description
from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.training.config import TrainingConfig, complete_fields
from ntm_agents.training.layout import CONFIG, LOG, MODEL
from ntm_agents.training.run_log import append_line, damaged_lines, read_log, rewrite_log
from ntm_gym.files import is_leftover, naming, read_json, remove_leftovers, write_json

_LOGGER = logging.getLogger(__name__)
_FORMAT = 2
_LOCK = ".lock"


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        sequences: Sequences trained on.
        wall_time_s: Seconds that took, over all sessions.
        cpu_time_s: Of a processor, likewise; less where the process was stopped or waited.
        solved_at: Sequences after which the task counted as solved; None if it does not.
        tensors: All that decides the updates to come; see `Learner.state`.
        report: The line of the log that was written with the checkpoint; None if it is not
            known, in checkpoints of format 1.
        layout: Names and shapes of the parameters; None in checkpoints of format 1.
        format: 2; 1 for checkpoints without buffers and generators, as before 0.2.
    """

    sequences: int
    wall_time_s: float
    cpu_time_s: float
    solved_at: int | None
    tensors: dict[str, Tensor]
    report: dict[str, Any] | None = None
    layout: list[list[Any]] | None = None
    format: int = _FORMAT


class RunFolder:
    """The folder of one run.

    Args:
        path: A folder that does not exist, is empty, or holds the same run; no other process
            may be at work in it.
        config: The run.

    Raises:
        ValueError: If the folder holds something else, or another process is at work in it.
        OSError: If it cannot be written to.
    """

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        """Claim the folder for this run."""
        self.path = path
        self.model = path / MODEL
        self.tensorboard = path / "tensorboard"
        self._config = path / CONFIG
        self._checkpoint = path / "checkpoint.safetensors"
        self._log = path / LOG
        self._check_content(config)
        with naming(path):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path)
        try:
            remove_leftovers(path)
            self._check_content(config)  # again: another process may have begun meanwhile
            if not self._config.exists():
                write_json(self._config, config.to_json())
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> RunFolder:
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

    def is_published(self) -> bool:
        """Return whether the published network is there, whole, with its description."""
        return is_published(self.model)

    def restore(self) -> Progress | None:
        """Return the last checkpoint, if there is one, and forget what was logged after it.

        Raises:
            ValueError: If the checkpoint is damaged or foreign.
        """
        progress = self._read_checkpoint() if self._checkpoint.exists() else None
        kept: dict[int, dict[str, Any]] = {}
        if progress is not None:
            if damaged := damaged_lines(self._log):
                _LOGGER.warning("%s: left out damaged lines %s", self._log, damaged)
            kept = {line["sequences"]: line for line in self.read_log()}
            if progress.report is not None:
                kept[progress.sequences] = progress.report
        rewrite_log(
            self._log,
            [
                kept[sequences]
                for sequences in sorted(kept)
                if progress is not None and sequences <= progress.sequences
            ],
        )
        return progress

    def save(self, progress: Progress) -> None:
        """Replace the checkpoint.

        Raises:
            OSError: If it cannot be written; the last one stays.
        """
        metadata = {
            field.name: getattr(progress, field.name)
            for field in dataclasses.fields(progress)
            if field.name != "tensors"
        }
        write_tensors(self._checkpoint, progress.tensors, json.dumps(metadata, allow_nan=False))

    def log(self, line: dict[str, Any]) -> None:
        """Append a line to the log, for good."""
        append_line(self._log, line)

    def read_log(self) -> list[dict[str, Any]]:
        """Return the log's whole lines; see `run_log.read_log`."""
        return read_log(self._log)

    def _check_content(self, config: TrainingConfig) -> None:
        """Refuse a folder that holds something else than this run, and change nothing."""
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self.path} must be a folder, but is a file")
        if self._config.exists():
            wanted = json.loads(json.dumps(config.to_json()))
            given = complete_fields(read_json(self._config), self._config)
            differing = sorted(k for k in given | wanted if given.get(k) != wanted.get(k))
            if differing:
                raise ValueError(
                    f"{self.path} holds another run: {', '.join(differing)} differ; "
                    f"give another --output or remove the folder"
                )
        elif self.path.exists() and not all(map(_may_lie_in_new_folder, self.path.iterdir())):
            raise ValueError(
                f"{self.path} must be empty or hold a run, but holds something else"
            )

    def _read_checkpoint(self) -> Progress:
        path = self._checkpoint
        advice = "remove it to begin the run anew"
        try:
            tensors, metadata = read_tensors(path)
        except ValueError as error:
            raise ValueError(f"{error}; {advice}") from error
        try:
            return _parse_progress(metadata, tensors)
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path} must be the checkpoint of a run: {error}; {advice}"
            ) from error


def is_published(model: Path) -> bool:
    """Return whether a run is finished: its network is there, whole, and its description.

    Args:
        model: ``model.safetensors`` of a run's folder.
    """
    try:
        read_description(model)
        read_tensors(model)
    except ValueError:
        return False
    return True


def _parse_progress(metadata: str, tensors: dict[str, Tensor]) -> Progress:
    fields = json.loads(metadata)
    if not isinstance(fields, dict):
        raise ValueError("it says nothing of its run")
    if fields.get("format", 1) not in (1, _FORMAT):
        raise ValueError(f"it has format {fields['format']!r}, of a newer version of ntm-gym")
    older = {"format": 1, "cpu_time_s": 0.0, "solved_at": 0, "report": None, "layout": None}
    progress = Progress(**{**older, **fields}, tensors=tensors)
    counts = [progress.sequences, *([] if progress.solved_at is None else [progress.solved_at])]
    times = (progress.wall_time_s, progress.cpu_time_s)
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise ValueError(f"{counts} must be numbers of sequences")
    if not all(isinstance(time, int | float) and math.isfinite(time) for time in times):
        raise ValueError(f"{times} must be seconds")
    if not isinstance(progress.report, dict | None):
        raise ValueError(f"{progress.report!r} must be a line of the log")
    return progress


def _may_lie_in_new_folder(path: Path) -> bool:
    """Return whether a run that was killed before its first write may have left a file."""
    return path.name == _LOCK or is_leftover(path)


def _lock(folder: Path) -> FileLock:
    """Hold a lock that no other process can hold until this one ends or lets go of it."""
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
