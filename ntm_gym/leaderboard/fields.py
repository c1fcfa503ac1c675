"""What the fields of an entry may hold, as data."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ntm_gym.untrusted import MOST_INTEGER, short_repr

MOST_TEXT = 10_000
"""Characters of a text."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of value.

    Attributes:
        words: What a value must be, for error messages.
        holds: Whether a value is.
    """

    words: str
    holds: Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_INTEGER


def _is_amount(value: Any) -> bool:
    return _is_count(value) or (
        isinstance(value, float) and math.isfinite(value) and value >= 0
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= MOST_TEXT


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


COUNT = Kind("an integer of at least 0", _is_count)
COUNT_OR_NONE = Kind("an integer of at least 0 or null", lambda v: v is None or _is_count(v))
AMOUNT = Kind("a finite number of at least 0", _is_amount)
AMOUNT_OR_NONE = Kind(
    "a finite number of at least 0 or null", lambda v: v is None or _is_amount(v)
)
TEXT = Kind("printable text", _is_text)
SHA256 = Kind("a SHA-256 in hexadecimal", _is_hash)
SHA256_OR_NONE = Kind(
    "a SHA-256 in hexadecimal or null", lambda value: value is None or _is_hash(value)
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
COUNTS = Kind(
    "a list of integers of at least 0",
    lambda value: isinstance(value, list) and all(map(_is_count, value)),
)
AMOUNTS = Kind(
    "a list of finite numbers of at least 0",
    lambda value: isinstance(value, list) and all(map(_is_amount, value)),
)
AMOUNTS_OR_NONE = Kind(
    "a list of finite numbers of at least 0, or null",
    lambda value: value is None or AMOUNTS.holds(value),
)
TEXTS = Kind(
    "an object of printable texts",
    lambda value: isinstance(value, dict) and all(map(_is_text, (*value, *value.values()))),
)


def check_fields(where: str, data: Any, kinds: Mapping[str, Kind], only: bool = True) -> None:
    """Check that an object has its fields and that each holds what it must.

    Args:
        where: What the object is, for error messages.
        data: The object.
        kinds: Kinds by name.
        only: Whether other fields are refused.

    Raises:
        ValueError: If a field is missing, unknown or of another kind.

    Example:
        >>> check_fields("entry", {"parameters": -1}, {"parameters": COUNT})
        Traceback (most recent call last):
        ValueError: entry: parameters must be an integer of at least 0, not -1
    """
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be an object, not {short_repr(data)}")
    missing = [name for name in kinds if name not in data]
    unknown = sorted(data.keys() - kinds) if only else []
    if missing or unknown:
        raise ValueError(
            f"{where} must have the fields {', '.join(kinds)}; missing: "
            f"{', '.join(missing) or 'none'}, unknown: {list_names(unknown)}"
        )
    for name, kind in kinds.items():
        if not kind.holds(data[name]):
            raise ValueError(
                f"{where}: {name} must be {kind.words}, not {short_repr(data[name])}"
            )


def list_names(names: Iterable[str]) -> str:
    r"""Return names for an error message, whatever they hold.

    Args:
        names: As a stranger wrote them.

    Example:
        >>> list_names(["code", "\n"])
        "code, '\\n'"
    """
    words = [
        name if name.isidentifier() and len(name) <= 40 else short_repr(name) for name in names
    ]
    more = f", and {len(words) - 8} more" if len(words) > 8 else ""
    return (", ".join(words[:8]) + more) or "none"
