"""A run on disk: configuration, checkpoint, log, and in the end the published network."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from torch import Tensor

from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.training.config import TrainingConfig
from ntm_gym.files import read_json, write_atomically, write_json


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        sequences: Sequences trained on.
        wall_time_s: Seconds that took, over all sessions.
        cpu_time_s: Of a processor, likewise; less where the process was stopped or waited.
        solved_at: Sequences after which the task counted as solved; None if it does not.
        tensors: Parameters and optimizer averages, flat.
    """

    sequences: int
    wall_time_s: float
    cpu_time_s: float
    solved_at: int | None
    tensors: dict[str, Tensor]


class RunFolder:
    """The folder of one run.

    Args:
        path: A folder that does not exist, is empty, or holds the same run; no other process
            may be at work in it.
        config: The run.

    Raises:
        ValueError: If the folder holds something else, or another process is at work in it.
    """

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        """Claim the folder for this run."""
        self.path = path
        self.model = path / "model.safetensors"
        self.tensorboard = path / "tensorboard"
        self._config = path / "config.json"
        self._checkpoint = path / "checkpoint.safetensors"
        self._log = path / "log.jsonl"
        wanted = json.loads(json.dumps(config.to_json()))
        if self._config.exists():
            given = read_json(self._config)
            differing = sorted(k for k in given | wanted if given.get(k) != wanted.get(k))
            if differing:
                raise ValueError(
                    f"{path} holds another run: {', '.join(differing)} differ; "
                    f"give another --output or remove the folder"
                )
        elif path.exists() and any(path.iterdir()):
            raise ValueError(f"{path} must be empty or hold a run, but holds something else")
        else:
            write_json(self._config, wanted)
        self._lock = _lock(path / ".lock")

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
        self._lock.close()

    def restore(self) -> Progress | None:
        """Return the last checkpoint, if there is one, and forget what was logged after it.

        Raises:
            ValueError: If the checkpoint is damaged or foreign.
        """
        progress = None
        if self._checkpoint.exists():
            tensors, metadata = read_tensors(self._checkpoint)
            progress = Progress(**json.loads(metadata), tensors=tensors)
        kept = [
            line
            for line in self.read_log()
            if progress is not None and line["sequences"] <= progress.sequences
        ]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        write_atomically(self._log, text.encode())
        return progress

    def save(self, progress: Progress) -> None:
        """Replace the checkpoint."""
        fields = [
            field.name for field in dataclasses.fields(progress) if field.name != "tensors"
        ]
        metadata = json.dumps({name: getattr(progress, name) for name in fields})
        write_tensors(self._checkpoint, progress.tensors, metadata)

    def log(self, line: dict[str, Any]) -> None:
        """Append a line to the log, for good."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read_log(self) -> list[dict[str, Any]]:
        """Return the log's whole lines; a line cut short by a crash is left out."""
        if not self._log.exists():
            return []
        whole_lines = self._log.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in whole_lines]


def _lock(path: Path) -> IO[bytes]:
    """Hold a file that no other process can hold until this one ends or lets go of it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ValueError(f"another process is training in {path.parent}") from error
    return file
