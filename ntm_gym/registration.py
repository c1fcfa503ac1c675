"""The suite's tasks: one record each, from which ids, suites, pages and recipe names follow.

To add a task, write it in a file of its own in `ntm_gym.tasks` and add its record to `SUITE`.
From outside the package, call `register`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import gymnasium

from ntm_gym.tasks import Task, register_task
from ntm_gym.tasks.associative_recall import AssociativeRecall
from ntm_gym.tasks.copy_task import Copy
from ntm_gym.tasks.ngram import NGram
from ntm_gym.tasks.priority_sort import PrioritySort
from ntm_gym.tasks.repeat_copy import RepeatCopy


@dataclasses.dataclass(frozen=True)
class Preset:
    """A difficulty of a task that has an environment id of its own.

    Attributes:
        reward_threshold: Mean return, of the default reward, from which the environment counts
            as solved: 99 % of that of the best agent there is.
        parameters: Parameters of the task; the paper's where absent.
    """

    reward_threshold: float
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class TaskRecord:
    """What the suite knows of a task beside the task's own file.

    Attributes:
        name: The task's name in commands, suites, and recipes.
        task: The task.
        title: Heading of its page.
        env_name: First part of its environment ids: ``NTMCopy`` of ``NTMCopySmall-v0``.
        standard: The paper's training distribution, ``NTMCopy-v0``.
        small: Solvable from reward alone in minutes of one core, ``NTMCopySmall-v0``.
        long: The paper's test of generalization, ``NTMCopyLong-v0``.
        trained_label: What tables call the range that agents are trained on.
        tested: Parameters of what they are tested on besides, by label.
        pictured: Parameters of the episode in the page's picture.
        suite_version: Raised when an episode of the suite changes.
    """

    name: str
    task: type[Task]
    title: str
    env_name: str
    standard: Preset
    small: Preset
    long: Preset
    trained_label: str
    tested: Mapping[str, Mapping[str, Any]]
    pictured: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    suite_version: int = 1

    def environments(self) -> Iterator[tuple[str, Preset]]:
        """Yield the environment ids with what each stands for."""
        yield f"{self.env_name}-v0", self.standard
        yield f"{self.env_name}Small-v0", self.small
        yield f"{self.env_name}Long-v0", self.long


def fixed(**values: int) -> dict[str, int]:
    """Return parameters whose range is a single value: ``x`` sets ``min_x`` and ``max_x``.

    Example:
        >>> fixed(length=5)
        {'min_length': 5, 'max_length': 5}
    """
    return {f"{end}_{name}": value for name, value in values.items() for end in ("min", "max")}


_RECORDS: dict[str, TaskRecord] = {}
_ENVIRONMENTS: dict[str, dict[str, Any]] = {}
_REWARD_THRESHOLDS: dict[str, float] = {}

RECORDS: Mapping[str, TaskRecord] = MappingProxyType(_RECORDS)
"""All records by the name of the task."""
ENVIRONMENTS: Mapping[str, dict[str, Any]] = MappingProxyType(_ENVIRONMENTS)
"""Arguments of `SequenceEnv` by id; where a task parameter is absent, it is the paper's."""
REWARD_THRESHOLDS: Mapping[str, float] = MappingProxyType(_REWARD_THRESHOLDS)
"""See `Preset.reward_threshold`, by id."""


def register(record: TaskRecord) -> None:
    """Add a task to the suite: its name, its environments, its suite, its recipes.

    Args:
        record: A record that is registered already changes nothing.

    Raises:
        ValueError: If another task has the name.
    """
    register_task(record.name, record.task)
    _RECORDS[record.name] = record
    for env_id, preset in record.environments():
        _ENVIRONMENTS[env_id] = {"task": record.name, **preset.parameters}
        _REWARD_THRESHOLDS[env_id] = preset.reward_threshold
        register_environment(
            env_id, reward_threshold=preset.reward_threshold, **_ENVIRONMENTS[env_id]
        )


def register_environment(
    env_id: str, *, reward_threshold: float | None = None, **arguments: Any
) -> None:
    """Make an id known to Gymnasium, with its single and its vector environment.

    Args:
        env_id: ``[namespace/]Name-vN``; an id that is known already stays as it is.
        reward_threshold: Mean return, of the default reward, from which the environment
            counts as solved.
        **arguments: Of `SequenceEnv`, ready for JSON.
    """
    if env_id not in gymnasium.registry:
        gymnasium.register(
            id=env_id,
            entry_point="ntm_gym.envs.sequence_env:SequenceEnv",
            vector_entry_point="ntm_gym.envs.sequence_vector_env:SequenceVectorEnv",
            reward_threshold=reward_threshold,
            kwargs=arguments,
        )


SUITE: tuple[TaskRecord, ...] = (
    TaskRecord(
        name="copy",
        task=Copy,
        title="Copy",
        env_name="NTMCopy",
        standard=Preset(10.395),
        small=Preset(2.97, {"num_bits": 4, "max_length": 5}),
        long=Preset(118.8, fixed(length=120)),
        trained_label="1-20",
        tested={str(n): fixed(length=n) for n in (10, 20, 30, 50, 80, 120)},
        pictured={"length": 20},
    ),
    TaskRecord(
        name="repeat_copy",
        task=RepeatCopy,
        title="Repeat Copy",
        env_name="NTMRepeatCopy",
        standard=Preset(30.94),
        small=Preset(4.95, {"num_bits": 4, "max_length": 3, "max_repeats": 3}),
        long=Preset(198.99, fixed(length=20, repeats=10)),
        trained_label="1-10 x 1-10",
        tested={
            f"{length} x {repeats}": fixed(length=length, repeats=repeats)
            for length, repeats in ((10, 10), (20, 10), (10, 20))
        },
        pictured={"length": 7, "repeats": 4},
    ),
    TaskRecord(
        name="associative_recall",
        task=AssociativeRecall,
        title="Associative Recall",
        env_name="NTMAssociativeRecall",
        standard=Preset(2.97),
        small=Preset(1.98, {"num_bits": 4, "item_length": 2, "max_items": 3}),
        long=Preset(2.97, fixed(items=20)),
        trained_label="2-6",
        tested={str(n): fixed(items=n) for n in (6, 10, 12, 15, 20)},
        pictured={"items": 6},
    ),
    TaskRecord(
        name="ngram",
        task=NGram,
        title="Dynamic N-Grams",
        env_name="NTMNGram",
        standard=Preset(151.1),
        small=Preset(38.75, {"context_length": 2, "sequence_length": 50}),
        long=Preset(811.8, {"sequence_length": 1000}),
        trained_label="200",
        tested={"1000": {"sequence_length": 1000}},
        pictured={"sequence_length": 100},
    ),
    TaskRecord(
        name="priority_sort",
        task=PrioritySort,
        title="Priority Sort",
        env_name="NTMPrioritySort",
        standard=Preset(15.84),
        small=Preset(2.97, {"num_bits": 4, "num_inputs": 4, "num_outputs": 3}),
        long=Preset(31.68, {"num_inputs": 40, "num_outputs": 32}),
        trained_label="20 to 16",
        tested={"40 to 32": {"num_inputs": 40, "num_outputs": 32}},
    ),
)
"""The paper's five tasks, in its order."""


def register_environments() -> None:
    """Register the suite's tasks, and make their environments known to Gymnasium."""
    for record in SUITE:
        register(record)
