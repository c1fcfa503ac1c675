"""What an action may be: its kinds, their spaces, and the check of every action."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

ActionKind = Literal["bits", "probability"]


def make_action_space(action: str, output_size: int) -> spaces.Space[Any]:
    """Return the action space.

    Args:
        action: One of `ActionKind`.
        output_size: Bits of an action (O).

    Raises:
        ValueError: If there is no such kind of action.
    """
    if action == "bits":
        return spaces.MultiBinary(output_size)
    if action == "probability":
        return spaces.Box(0.0, 1.0, (output_size,), np.float32)
    raise ValueError(f"action must be one of {get_args(ActionKind)}, not {action!r}")


def check_actions(actions: Any, shape: tuple[int, ...], action: str) -> NDArray[Any]:
    """Check actions and return them as an array.

    Args:
        actions: Bits of any real dtype (Stable-Baselines3 sends float32), or probabilities.
        shape: The shape they must have.
        action: One of `ActionKind`.

    Returns:
        int8 bits or float64 probabilities.

    Raises:
        ValueError: If shape, dtype or a value does not fit.
    """
    array = np.asarray(actions)
    if array.shape != shape:
        raise ValueError(f"an action must have shape {shape}, not {array.shape}")
    if action == "bits":
        return _check_bits(array)
    if not ((array >= 0) & (array <= 1)).all():
        wrong = array[~((array >= 0) & (array <= 1))][0]
        raise ValueError(f"an action must hold probabilities from 0 to 1, not {wrong}")
    return array.astype(np.float64)


def _check_bits(array: NDArray[Any]) -> NDArray[np.int8]:
    if array.dtype == np.bool_:
        return array.view(np.int8)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"an action must be of real numbers, not {array.dtype}")
    if array.dtype.kind == "f":
        fits = ((array == 0) | (array == 1)).all()
    else:
        fits = array.view(f"u{array.itemsize}").max() <= 1  # negative ones are large
    if not fits:
        wrong = array[(array != 0) & (array != 1)][0]
        raise ValueError(f"an action must hold zeros and ones only, not {wrong}")
    return array if array.dtype == np.int8 else array.astype(np.int8)
