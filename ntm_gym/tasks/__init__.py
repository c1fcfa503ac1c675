"""The tasks: episodes as pure functions of parameters and key, without Gymnasium."""

from typing import Any

from ntm_gym.tasks.copy_task import Copy
from ntm_gym.tasks.episodes import Episodes, Task

__all__ = ["TASKS", "Copy", "Episodes", "Task", "make_task"]

TASKS: dict[str, type[Task]] = {"copy": Copy}


def make_task(name: str, **parameters: Any) -> Task:
    """Build a task from its name.

    Args:
        name: A key of `TASKS`.
        **parameters: Constructor arguments; the paper's by default.

    Raises:
        ValueError: If the name or a parameter is unknown, or a value impossible.

    Example:
        >>> make_task("copy", max_length=5)
        Copy(num_bits=8, min_length=1, max_length=5)
    """
    if name not in TASKS:
        raise ValueError(f"the task must be one of {', '.join(TASKS)}, not {name!r}")
    try:
        return TASKS[name](**parameters)
    except TypeError as error:
        raise ValueError(f"task {name!r}: {error}") from error
