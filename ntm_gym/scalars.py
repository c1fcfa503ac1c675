"""Numbers as Python's own, whatever library they come from."""

from __future__ import annotations

import dataclasses
import operator
from typing import Any

import numpy as np


def as_integer(value: Any) -> int | None:
    """Return an integer as a Python integer, and None for anything else.

    Args:
        value: Python's and NumPy's integers, arrays and tensors without dimensions that hold
            one, and whatever has ``__index__``, count as integers; a bool never does.
    """
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, int):
        return int(value)
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        return int(array) if array.ndim == 0 and array.dtype.kind in "iu" else None
    try:
        return operator.index(value)
    except TypeError:
        return None


def as_python(value: Any) -> Any:
    """Return a NumPy scalar, or whatever counts as an integer, as Python's own number.

    Anything else is returned as it is.
    """
    integer = as_integer(value)
    if integer is not None:
        return integer
    return value.item() if isinstance(value, np.generic) else value


def take_python_numbers(config: Any) -> None:
    """Turn the numbers in a frozen dataclass, and in its dicts, to Python's own, in place.

    So sizes may come from NumPy, and what is written as JSON does not show where from.

    Args:
        config: A dataclass instance that is just being made.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, dict):
            number: Any = {name: as_python(item) for name, item in value.items()}
        else:
            number = as_python(value)
        object.__setattr__(config, field.name, number)


def in_short(value: Any) -> str:
    """Return what a message says was given: one line, cut where it gets long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
