"""Events for TensorBoard, written at once: an error of the disk is told where it happens."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from ntm_gym.files import naming

_VERSION = "brain.Event:2"
_EVENTS: Any = event_pb2  # generated modules and an untyped writer
_SUMMARIES: Any = summary_pb2
_RECORD_WRITER: Any = RecordWriter


class EventWriter:
    """Writes scalars to one file of a folder.

    Torch's ``SummaryWriter`` writes them from a thread, which a full disk ends with a
    traceback there and a second one here.

    Args:
        folder: Made if needed.
        purge_step: What an earlier file says of this step and later ones is forgotten.

    Raises:
        OSError: If the file cannot be written; so do all methods.
    """

    def __init__(self, folder: Path, purge_step: int) -> None:
        with naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"
        with naming(self._path):
            self._file = self._path.open("xb")
        self._records = _RECORD_WRITER(self._file)
        self._write(_EVENTS.Event(wall_time=time.time(), file_version=_VERSION))
        session = _EVENTS.SessionLog(status=_EVENTS.SessionLog.START)
        self._write(_EVENTS.Event(wall_time=time.time(), step=purge_step, session_log=session))

    def __enter__(self) -> EventWriter:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file; what could not be written has been told already."""
        with contextlib.suppress(OSError):
            self._file.close()

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars by name."""
        values = [
            _SUMMARIES.Summary.Value(tag=name, simple_value=value)
            for name, value in scalars.items()
        ]
        summary = _SUMMARIES.Summary(value=values)
        self._write(_EVENTS.Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Any) -> None:
        with naming(self._path):
            self._records.write(event.SerializeToString())
            self._records.flush()
