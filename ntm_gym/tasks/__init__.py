"""The tasks: episodes as pure functions of parameters and key, without Gymnasium."""

import inspect
from typing import Any

from ntm_gym.tasks.associative_recall import AssociativeRecall
from ntm_gym.tasks.copy_task import Copy
from ntm_gym.tasks.episodes import CompactEpisodes, CompactTask, Episodes, Task
from ntm_gym.tasks.ngram import NGram
from ntm_gym.tasks.parameters import UnknownParameterError
from ntm_gym.tasks.priority_sort import PrioritySort
from ntm_gym.tasks.repeat_copy import RepeatCopy

__all__ = [
    "TASKS",
    "AssociativeRecall",
    "CompactEpisodes",
    "CompactTask",
    "Copy",
    "Episodes",
    "NGram",
    "PrioritySort",
    "RepeatCopy",
    "Task",
    "UnknownParameterError",
    "make_task",
    "register_task",
]

TASKS: dict[str, type[Task]] = {}
"""By name; `ntm_gym.registration` registers those of the suite."""


def register_task(name: str, task: type[Task]) -> None:
    """Give a task of your own a name that environments, trainer and harness know.

    Args:
        name: A new name.
        task: A frozen dataclass; see `Task`.

    Raises:
        ValueError: If another task has the name.
    """
    if TASKS.setdefault(name, task) is not task:
        raise ValueError(f"the name {name!r} is taken by {TASKS[name].__name__}")


def make_task(name: str, **parameters: Any) -> Task:
    """Build a task from its name.

    Args:
        name: A key of `TASKS`.
        **parameters: Constructor arguments; the paper's by default.

    Raises:
        ValueError: If the name is unknown, or a value impossible.
        UnknownParameterError: If a parameter is unknown; a `TypeError` and a `ValueError`.

    Example:
        >>> make_task("copy", max_length=5)
        Copy(num_bits=8, min_length=1, max_length=5)
    """
    if not isinstance(name, str) or name not in TASKS:
        raise ValueError(f"the task must be one of {', '.join(TASKS)}, not {name!r}")
    task = TASKS[name]
    try:
        inspect.signature(task).bind(**parameters)
    except TypeError as error:
        message = f"task {name!r}: {task.__name__}.__init__() {error}"
        raise UnknownParameterError(message) from error
    return task(**parameters)
