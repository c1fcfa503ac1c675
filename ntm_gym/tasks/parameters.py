"""What parameters of a task must be."""

from __future__ import annotations

from ntm_gym.scalars import in_short

MOST_NUMBERS = 2**20
"""An episode may hold this many numbers: its steps times inputs and outputs of a step."""


class UnknownParameterError(TypeError, ValueError):
    """A task has no parameter of this name, or lacks one.

    A `TypeError`, as for the arguments of any function: other libraries try an argument and
    read from the error that it is unknown. A `ValueError` as every other unfit parameter.
    """


def require_at_least(least: int, **parameters: int) -> None:
    """Check integer parameters.

    Args:
        least: The smallest value allowed.
        **parameters: Values by name.

    Raises:
        ValueError: If one is not an integer or too small.
    """
    for name, value in parameters.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"{name} must be an integer of at least {least}, not {in_short(value)}"
            )


def require_range(least: int, **bounds: int) -> None:
    """Check a pair of integer parameters that bound a range.

    Args:
        least: The smallest value allowed.
        **bounds: The lower and the upper bound by name, in this order.

    Raises:
        ValueError: If one is not an integer or too small, or the lower exceeds the upper.
    """
    require_at_least(least, **bounds)
    (lower_name, lower), (upper_name, upper) = bounds.items()
    if lower > upper:
        raise ValueError(
            f"{lower_name} must not exceed {upper_name}, but {lower} exceeds {upper}"
        )
