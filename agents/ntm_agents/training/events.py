"""Events for TensorBoard, written at once: an error of the disk is told where it happens."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from ntm_gym.files import naming

_VERSION = "brain.Event:2"


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
        """Begin a file with a name of its own."""
        with naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"
        with naming(self._path):
            self._file = self._path.open("xb")
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version=_VERSION))
        session = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=time.time(), step=purge_step, session_log=session))

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
            Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()
        ]
        self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def _write(self, event: Event) -> None:
        with naming(self._path):
            self._records.write(event.SerializeToString())
            self._records.flush()
