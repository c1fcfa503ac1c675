"""Whether options are of the types that a configuration declares."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ntm_gym.untrusted import short_repr

_KINDS: Mapping[type, tuple[str, type]] = {
    int: ("an integer", numbers.Integral),
    float: ("a finite number", numbers.Real),
    str: ("text", str),
    bool: ("true or false", bool),
}


def check_option_types(name: str, config_class: type, options: Mapping[str, Any]) -> None:
    """Check that options are of the types that a configuration's fields have.

    Fields of other types than numbers, texts and choices of them are left to the class.

    Args:
        name: Of the network, for error messages.
        config_class: A dataclass; any other class checks its arguments itself.
        options: Its keyword arguments.

    Raises:
        ValueError: If one is of another type, such as a bool or a float for a size.
    """
    if not dataclasses.is_dataclass(config_class):
        return
    hints = get_type_hints(config_class)
    for option, value in options.items():
        wanted = _what_it_must_be(hints.get(option), value)
        if wanted is not None:
            raise ValueError(
                f"network {name!r}: {option} must be {wanted}, not {short_repr(value)}"
            )


def _what_it_must_be(hint: Any, value: Any) -> str | None:
    """Return what a value of this type must be, or None if it is that."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        fits = any(type(value) is type(choice) and value == choice for choice in choices)
        return None if fits else f"one of {', '.join(map(repr, choices))}"
    if hint not in _KINDS:
        return None
    words, kind = _KINDS[hint]
    fits = isinstance(value, kind) and (hint is bool or not isinstance(value, bool))
    return None if fits and (hint is not float or _is_finite(value)) else words


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
