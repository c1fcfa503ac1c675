"""Everything that decides a supervised run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ntm_agents.training.augmentation import check_augmentable
from ntm_agents.training.layout import CONFIG
from ntm_agents.training.sizes import check_sizes
from ntm_gym.files import read_json
from ntm_gym.scalars import take_python_numbers
from ntm_gym.tasks import Task, make_task

_COUNTS = ("sequences", "batch_size", "report_every", "patience")
_NUMBERS = ("learning_rate", "decay_fraction")
_OPTIONAL_NUMBERS = (
    "max_gradient_norm",
    "max_gradient_component",
    "solved_below",
    "weight_noise",
    "entropy_penalty",
    "augmentation",
)
_LARGEST = 1e30
"""No number of a configuration is larger, so that single precision holds it."""

_ABSENT_IN_OLDER: Mapping[str, Any] = MappingProxyType(
    {
        "max_gradient_component": None,
        "solved_below": None,
        "patience": 400_000,
        "weight_noise": None,
        "entropy_penalty": None,
        "entropy_penalty_from": "start",
        "augmentation": None,
    }
)
"""What a run did when its version had no such field, whatever the default is today."""

FORMER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "blur_penalty": "entropy_penalty",
        "blur_penalty_from": "entropy_penalty_from",
        "coincidences": "augmentation",
    }
)
"""Fields that had other names before 0.2; folders of runs and entries' commands have these."""


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """A supervised run; with the versions of the packages it decides the final weights.

    Attributes:
        task: Name of the task, a key of `ntm_gym.tasks.TASKS`.
        task_parameters: Its constructor arguments; the paper's where absent.
        network: ``"package.module:factory"``; see `ntm_agents.networks`.
        network_options: Its options, without input and output size.
        sequences: Training sequences in all; with ``solved_below``, those after the task was
            solved.
        batch_size: Sequences in each update.
        learning_rate: Rate before the decay.
        decay_fraction: Part of ``sequences``, at their end, over which the rate falls linearly
            to 0.
        solved_below: The task counts as solved once the training cost between two reports
            lies below this many bits a sequence; a rate that falls before that can hold a run
            on its plateau for good. None: from the first sequence on.
        patience: Sequences after which the task counts as solved in any case.
        max_gradient_norm: Gradients longer than this are scaled down to it; None for no limit.
        max_gradient_component: Components of the gradient are first clipped to plus or minus
            this, as in the paper; None for no limit.
        weight_noise: Standard deviation of the numbers that are added to the weights while
            a gradient is computed, once the task counts as solved; None for no noise.
        entropy_penalty: Coefficient of the entropy of each head's weighting at each step, in
            nats, which is added to the loss; None for no penalty.
        entropy_penalty_from: ``"start"``: from the first sequence on; ``"solved"``: once the
            task counts as solved.
        augmentation: Probability with which a vector of a training sequence is made blank or
            repeats an earlier one; None for no augmentation.
        seed: Decides initial weights and training sequences.
        report_every: Sequences between two lines of the log, each with a validation and a
            checkpoint.

    Raises:
        ValueError: If a number is out of range.
    """

    task: str = "copy"
    task_parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    network: str = "ntm_agents:NTM"
    network_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    sequences: int = 80_000
    batch_size: int = 1
    learning_rate: float = 1e-4
    decay_fraction: float = 0.5
    solved_below: float | None = None
    patience: int = 400_000
    max_gradient_norm: float | None = 10.0
    max_gradient_component: float | None = None
    weight_noise: float | None = None
    entropy_penalty: float | None = None
    entropy_penalty_from: Literal["start", "solved"] = "start"
    augmentation: float | None = None
    seed: int = 1
    report_every: int = 1_000

    def __post_init__(self) -> None:
        """Check every field."""
        take_python_numbers(self)
        for name in ("task", "network"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a name, not {getattr(self, name)!r}")
        for name in ("task_parameters", "network_options"):
            _check_options(name, getattr(self, name))
        for name in (*_COUNTS, "seed"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{name} must be an integer, not {value!r}")
        given = [name for name in _OPTIONAL_NUMBERS if getattr(self, name) is not None]
        for name in (*_NUMBERS, *given):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise ValueError(f"{name} must be a number, not {value!r}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        counted = ("sequences", "report_every")
        for name in counted if self.solved_below is None else (*counted, "patience"):
            if getattr(self, name) % self.batch_size:
                raise ValueError(
                    f"{name} must be a multiple of batch_size {self.batch_size}, "
                    f"not {getattr(self, name)}"
                )
        for name in ("learning_rate", *given):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
            if getattr(self, name) > _LARGEST:
                raise ValueError(
                    f"{name} must be at most {_LARGEST}, not {getattr(self, name)}"
                )
        if self.entropy_penalty_from not in ("start", "solved"):
            raise ValueError(
                f"entropy_penalty_from must be 'start' or 'solved', "
                f"not {self.entropy_penalty_from!r}"
            )
        if not 0 <= self.decay_fraction <= 1:
            raise ValueError(
                f"decay_fraction must lie between 0 and 1, not be {self.decay_fraction}"
            )
        if self.augmentation is not None and self.augmentation > 1:
            raise ValueError(f"augmentation must be at most 1, not {self.augmentation}")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed must lie between 0 and 2**64 - 1, not be {self.seed}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any], source: object) -> TrainingConfig:
        """Read what `to_json` has written, in this version or an older one.

        Args:
            data: The fields; one that the version did not have means what it did without it.
            source: Where they come from, for the error.

        Raises:
            ValueError: If a field is unknown, missing although every version wrote it, or
                holds an impossible value.
        """
        return cls(**complete_fields(data, source))

    def make_task(self) -> Task:
        """Build the task.

        Raises:
            ValueError: If its name or a parameter is wrong, its sequences do not fit into
                memory, or ``augmentation`` is given and it has no random vectors.
        """
        task = make_task(self.task, **self.task_parameters)
        check_sizes(task, self.batch_size)
        if self.augmentation is not None:
            check_augmentable(task)
        return task

    def make_network_options(self) -> dict[str, Any]:
        """Return the network's options with the task's sizes.

        Raises:
            ValueError: If a size is given that is not the task's.
        """
        task = self.make_task()
        sizes = {"input_size": task.input_size, "output_size": task.output_size}
        for name, size in sizes.items():
            if self.network_options.get(name, size) != size:
                raise ValueError(
                    f"network option {name!r} must be left out: the task makes it {size}, "
                    f"not {self.network_options[name]!r}"
                )
        return {**sizes, **self.network_options}

    def is_solved(self, sequences: int, bits_per_sequence: float) -> bool:
        """Return whether the task counts as solved after this many sequences at this cost."""
        return (
            self.solved_below is None
            or bits_per_sequence < self.solved_below
            or sequences >= self.patience
        )

    def last_sequence(self, solved_at: int | None) -> int:
        """Return how long the run is, or may still be.

        Args:
            solved_at: Sequences after which the task was solved; None if it is not.
        """
        return (self.patience if solved_at is None else solved_at) + self.sequences

    def learning_rate_at(self, sequences: int, solved_at: int | None = 0) -> float:
        """Return the learning rate after this many sequences."""
        decaying = self.decay_fraction * self.sequences
        if not decaying or solved_at is None:
            return self.learning_rate
        left = self.last_sequence(solved_at) - sequences
        return self.learning_rate * min(1.0, left / decaying)

    def entropy_penalty_at(self, solved_at: int | None) -> float:
        """Return the coefficient of the entropy.

        Args:
            solved_at: Sequences after which the task was solved; None if it is not.
        """
        waits = self.entropy_penalty_from == "solved" and solved_at is None
        return 0.0 if self.entropy_penalty is None or waits else self.entropy_penalty

    def to_json(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return dataclasses.asdict(self)


def complete_fields(data: Mapping[str, Any], source: object) -> dict[str, Any]:
    """Return the fields of a configuration with those that its version did not have.

    Args:
        data: What `TrainingConfig.to_json` returned, in this version or an older one; a field
            may have its former name.
        source: Where it comes from, for the error.

    Raises:
        ValueError: If a field is unknown, there under both its names, or missing although
            every version wrote it.
    """
    twice = sorted(new for old, new in FORMER_NAMES.items() if {old, new} <= data.keys())
    if twice:
        raise ValueError(f"{source} must give {', '.join(twice)} under one name")
    data = {FORMER_NAMES.get(name, name): value for name, value in data.items()}
    known = {field.name for field in dataclasses.fields(TrainingConfig)}
    unknown = sorted(data.keys() - known)
    if unknown:
        raise ValueError(
            f"{source} has fields that this version does not know: {', '.join(unknown)}; "
            f"update ntm-gym, or give another folder"
        )
    complete = {**_ABSENT_IN_OLDER, **data}
    missing = sorted(known - complete.keys())
    if missing:
        raise ValueError(
            f"{source} is damaged: {', '.join(missing)} must be there; remove it, or give "
            f"another folder"
        )
    return complete


def is_run(folder: Path, config: TrainingConfig) -> bool:
    """Return whether a folder holds this very run, as far as its configuration can be read."""
    path = folder / CONFIG
    if not path.is_file():
        return False
    try:
        given = complete_fields(read_json(path), path)
    except ValueError:
        return False
    return bool(given == json.loads(json.dumps(config.to_json())))


def _check_options(name: str, options: object) -> None:
    if not isinstance(options, Mapping):
        raise ValueError(f"{name} must be options by name, not {options!r}")
    try:
        json.dumps(dict(options), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} must be what JSON can hold: {error}") from error
