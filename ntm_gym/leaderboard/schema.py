"""What the files of a board hold: each file's struct, and the fields that structs share."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ntm_gym.leaderboard.fields import (
    SHA256,
    Amount,
    AmountOrNone,
    Amounts,
    AmountsOrNone,
    Checked,
    Count,
    CountOrNone,
    Counts,
    Format,
    Object,
    SHA256OrNone,
    Text,
    TextOrNone,
    Texts,
    Track,
)

COMMON = ("machine", "versions", "parameters")
"""What an entry says of all its runs, taken from the first one's description."""


class SuiteReference(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The suite that results were made on."""

    name: Text
    version: Count
    hash: Text


class Scores(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Raw results at a point, a number for each episode."""

    bits_per_sequence: AmountsOrNone
    bit_errors_per_sequence: Counts


class Training(Checked, frozen=True, kw_only=True):
    """What a run and the description of its checkpoint both say.

    Attributes:
        train_seed: The seed, one of the board's.
        sequences: Sequences trained on.
        updates: Steps of the optimizer.
        wall_time_s: Seconds of training.
        cpu_time_s: Seconds of a processor, less than ``wall_time_s`` where it had other work;
            None if it was not measured.
        command: That trained it.
    """

    train_seed: Count
    sequences: Count
    updates: Count
    wall_time_s: Amount
    cpu_time_s: AmountOrNone
    command: Text


class RunFields(Training, frozen=True, kw_only=True):
    """One training seed, without its scores.

    Attributes:
        checkpoint: File name of its weights, beside the entry; ``.json`` describes them.
        sha256: Of the weights.
        description_sha256: Of the description.
        curve_sha256: Of the learning curve, ``.curve.json``; None if there is none.
    """

    checkpoint: Text
    sha256: SHA256
    description_sha256: SHA256
    curve_sha256: SHA256OrNone


class RunFile(RunFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run as ``entry.json`` holds it; `Scores` by the points' labels are read later."""

    points: Object


class EntryFields(Checked, frozen=True, kw_only=True):
    """A competitor, without its runs.

    Attributes:
        format: Of its file.
        name: What the table calls it.
        track: How it was trained.
        authors: Who made it.
        link: Where it is described; may be empty.
        licence: Of code and weights.
        commit: Of the code that trained it; may be empty.
        machine: That trained it.
        versions: Of what it was trained with, by name.
        parameters: Trainable numbers.
        memory_size: Locations of its memory; None if it has none of its own.
    """

    format: Format
    name: Text
    track: Track
    authors: Text
    link: Text
    licence: Text
    commit: Text
    machine: Text
    versions: Texts
    parameters: Count
    memory_size: CountOrNone


class EntryFile(EntryFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``entry.json`` holds."""

    suite: SuiteReference
    missing_seeds: Counts
    runs: list[RunFile]


class ReferencesFile(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``reference/SUITE.json`` holds; `Scores` by agent and label are read later."""

    format: Format
    suite: SuiteReference
    agents: Object


class About(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a submission says of an entry."""

    name: Text
    authors: Text
    link: Text
    licence: Text
    commit: Text


class TrainedTask(Struct, frozen=True):
    """The task that a description says its network was trained on."""

    name: Any = None
    parameters: Object = msgspec.field(default_factory=dict)


class SupervisedTraining(Struct, frozen=True, kw_only=True):
    """The configuration of a supervised training, as far as a board reads it."""

    sequences: Count
    batch_size: Count
    patience: Count = 0
    report_every: Count = 0
    solved_below: Any = None
    task_parameters: Object = msgspec.field(default_factory=dict)


class Description(Training, frozen=True, kw_only=True):
    """What a checkpoint says of itself, as far as a board reads it."""

    task: TrainedTask
    machine: Text
    versions: Texts
    parameters: Count
    cpu_time_s: AmountOrNone = None
    network: TextOrNone = None
    options: Object = msgspec.field(default_factory=dict)
    training: Object = msgspec.field(default_factory=dict)
    track: TextOrNone = None
    steps: CountOrNone = None


class Curve(Struct, frozen=True, forbid_unknown_fields=True):
    """A learning curve; told by who trained, and not recomputed by the board.

    Attributes:
        sequences: Training sequences seen at each point, rising.
        bits_per_sequence: Cost on held-out sequences, in bits.
    """

    sequences: Counts
    bits_per_sequence: Amounts


class CurvePoint(Struct, frozen=True):
    """A line of a training log, as far as a curve needs it."""

    sequences: Count
    validation_bits_per_sequence: Amount


def fields_of(data: Struct, kind: type[Struct]) -> dict[str, Any]:
    """Return the fields of a struct that another has as well, by name."""
    return {name: getattr(data, name) for name in kind.__struct_fields__}
