"""What parameters of a task must be."""

from __future__ import annotations


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
            raise ValueError(f"{name} must be an integer of at least {least}, not {value!r}")


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
