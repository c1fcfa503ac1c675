"""The folder of a supervised run: its log and how far it is, beside what every run has."""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path
from typing import Any

from torch import Tensor

from ntm_agents.checkpoints import read_description
from ntm_agents.files import read_tensors
from ntm_agents.training.config import TrainingConfig, complete_fields
from ntm_agents.training.layout import CONFIG, LOG
from ntm_agents.training.run_folder import RunFolder
from ntm_agents.training.run_log import append_line, damaged_lines, read_log, rewrite_log

_LOGGER = logging.getLogger(__name__)
_FORMAT = 2


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


class SupervisedRun(RunFolder):
    """The folder of one supervised run.

    Args:
        path: See `RunFolder`.
        config: The run.
    """

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        super().__init__(
            path, config.to_json(), lambda fields: complete_fields(fields, path / CONFIG)
        )
        self._log = path / LOG

    def is_published(self) -> bool:
        """Return whether the published network is there, whole, with its description."""
        return is_published(self.model)

    def restore(self) -> Progress | None:
        """Return the last checkpoint, if there is one, and drop what was logged after it.

        Raises:
            ValueError: If the checkpoint is damaged or foreign.
        """
        progress = None
        kept: dict[int, dict[str, Any]] = {}
        if (found := self.read_checkpoint()) is not None:
            with self.naming_checkpoint():
                progress = _parse_progress(*found)
            if damaged := damaged_lines(self._log):
                _LOGGER.warning("%s: left out damaged lines %s", self._log, damaged)
            kept = {line["sequences"]: line for line in read_log(self._log)}
            if progress.report is not None:
                kept[progress.sequences] = progress.report
            kept = {at: kept[at] for at in sorted(kept) if at <= progress.sequences}
        rewrite_log(self._log, list(kept.values()))
        return progress

    def save(self, progress: Progress) -> None:
        """Replace the checkpoint; see `write_checkpoint`."""
        fields = {
            field.name: getattr(progress, field.name)
            for field in dataclasses.fields(progress)
            if field.name != "tensors"
        }
        self.write_checkpoint(progress.tensors, fields)

    def log(self, line: dict[str, Any]) -> None:
        """Append a line to the log, for good."""
        append_line(self._log, line)


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


def _parse_progress(tensors: dict[str, Tensor], fields: dict[str, Any]) -> Progress:
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
