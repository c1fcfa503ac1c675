"""What the options of a reset ask for: which episodes, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.scalars import as_integer, in_short
from ntm_gym.tasks import Task


class Choice(NamedTuple):
    """The next episode of one environment.

    Attributes:
        task: The environment's, or that task with other parameters.
        key: The episode's; None if the environment shall draw one.
    """

    task: Task
    key: np.uint64 | None


class Choices(NamedTuple):
    """The next episodes of the environments of a vector.

    Attributes:
        tasks: Each task with the environments that play it, in ascending order.
        keys: Shape ``(N,)``.
        has_key: Where the key is given; elsewhere the environment shall draw one, ``(N,)``.
    """

    tasks: list[tuple[Task, NDArray[np.int64]]]
    keys: NDArray[np.uint64]
    has_key: NDArray[np.bool_]


def choose_episode(task: Task, options: Any) -> Choice:
    """Read the options of a single environment.

    Args:
        task: The environment's.
        options: ``key``, and parameters by name; None stands for what the environment has.

    Raises:
        TypeError: If the options are not a dict with strings as keys.
        ValueError: If an option is unknown or impossible, or leaves the environment's spaces.
    """
    given = check_options(options)
    if not given:
        return Choice(task, None)
    key = given.pop("key", None)
    return Choice(_override(task, given), None if key is None else _as_key(key))


def choose_episodes(
    task: Task, options: Mapping[str, Any], chosen: NDArray[np.bool_]
) -> Choices:
    """Read the options of a vector environment.

    Args:
        task: The environments'.
        options: As for `choose_episode`; each value for all environments, or a list or an
            array of one for each.
        chosen: The environments that begin an episode, ``(N,)``; what the others are given is
            not read.

    Raises:
        TypeError: If the options are not a dict with strings as keys.
        ValueError: If an option is unknown, impossible or of the wrong length, or leaves the
            environments' spaces.
    """
    given = check_options(options)
    key = given.pop("key", None)
    keys, has_key = _as_keys(key, chosen)
    envs = np.flatnonzero(chosen)
    columns = {name: _one_for_each(name, value, chosen) for name, value in given.items()}
    groups: dict[tuple[Any, ...], list[int]] = {}
    for env in envs.tolist():
        row = tuple(_hashable(column[env]) for column in columns.values())
        groups.setdefault(tuple((type(value), value) for value in row), []).append(env)
    tasks = []
    for row, members in groups.items():
        values = (value for _, value in row)
        changes = dict(zip(columns, values, strict=True))
        tasks.append((_override(task, changes), np.array(members, np.int64)))
    return Choices(tasks, keys, has_key)


def check_options(options: Any) -> dict[str, Any]:
    """Return a copy of the options.

    Raises:
        TypeError: If they are not a dict with strings as keys.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping) or not all(isinstance(name, str) for name in options):
        raise TypeError(f"options must be a dict with strings as keys, not {in_short(options)}")
    return dict(options)


def _override(task: Task, options: Mapping[str, Any]) -> Task:
    """Return the task with other parameters, as far as the environment's spaces allow."""
    changes = {name: value for name, value in options.items() if value is not None}
    _check_names(task, options)
    if not changes:
        return task
    changed = task.replace(**changes)
    (low, high), (least, most) = task.input_bounds, changed.input_bounds
    sizes, needed = _sizes(task), _sizes(changed)
    if needed != sizes or least < low or most > high:
        raise ValueError(
            f"the options {in_short(changes)} must keep to the environment's {sizes[0]} inputs "
            f"from {low:.3g} to {high:.3g} and {sizes[1]} outputs, but need {needed[0]} inputs "
            f"from {least:.3g} to {most:.3g} and {needed[1]} outputs: make an environment for "
            "them"
        )
    return changed


def _check_names(task: Task, options: Mapping[str, Any]) -> None:
    """Refuse unknown names even where the value is None."""
    for name in options:
        task.expand_name(name)


def _sizes(task: Task) -> tuple[int, int]:
    return task.input_size, task.output_size


def _as_key(value: Any) -> np.uint64:
    key = as_integer(value)
    if key is None or not 0 <= key < 2**64:
        raise ValueError(f"a key must be an integer from 0 to 2**64 - 1, not {in_short(value)}")
    return np.uint64(key)


def _as_keys(
    value: Any, chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return keys and where they are given."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint64 and value.ndim > 0:
        _check_length("key", value, chosen)
        return value.copy(), chosen.copy()
    keys, has_key = np.zeros(len(chosen), np.uint64), np.zeros(len(chosen), np.bool_)
    column = _one_for_each("key", value, chosen)
    for env in np.flatnonzero(chosen).tolist():
        if column[env] is not None:
            keys[env], has_key[env] = _as_key(column[env]), True
    return keys, has_key


def _one_for_each(name: str, value: Any, chosen: NDArray[np.bool_]) -> Any:
    """Return a value for each environment, indexable by its number."""
    if isinstance(value, (str, bytes, Mapping)) or np.ndim(_shaped(value)) == 0:
        return [value] * len(chosen)
    _check_length(name, value, chosen)
    return value


def _shaped(value: Any) -> Any:
    """Return something whose number of dimensions NumPy can tell."""
    return np.empty(0) if isinstance(value, (list, tuple)) else value


def _check_length(name: str, values: Any, chosen: NDArray[np.bool_]) -> None:
    count = len(chosen)
    if np.ndim(_shaped(values)) != 1 or len(values) != count:
        raise ValueError(
            f"the option {name!r} must be one value, or one for each of {count} environments, "
            f"not {in_short(values)}"
        )


def _hashable(value: Any) -> Any:
    """Return an integer as Python's own, so that equal ones are found to be equal."""
    integer = as_integer(value)
    if integer is not None or value is None:
        return integer
    try:
        hash(value)
    except TypeError:
        raise ValueError(f"an option must be a number, not {in_short(value)}") from None
    return value
