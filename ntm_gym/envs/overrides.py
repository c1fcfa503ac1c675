"""Other parameters for one episode, as far as the environment's spaces allow."""

from __future__ import annotations

from typing import Any

from ntm_gym.tasks import Task


def override(task: Task, changes: dict[str, Any]) -> Task:
    """Return the task with other parameters, for one episode of an environment.

    Args:
        task: The environment's.
        changes: Parameters by name; see `Task.replace`.

    Raises:
        ValueError: If a parameter is unknown or impossible, or if observations or actions
            would leave the environment's spaces.
    """
    changed = task.replace(**changes)
    (low, high), (least, most) = task.input_bounds, changed.input_bounds
    sizes, needed = _sizes(task), _sizes(changed)
    if needed != sizes or least < low or most > high:
        raise ValueError(
            f"the options {changes} must keep to the environment's {sizes[0]} inputs from "
            f"{low:.3g} to {high:.3g} and {sizes[1]} outputs, but need {needed[0]} inputs from "
            f"{least:.3g} to {most:.3g} and {needed[1]} outputs: make an environment for them"
        )
    return changed


def _sizes(task: Task) -> tuple[int, int]:
    return task.input_size, task.output_size
