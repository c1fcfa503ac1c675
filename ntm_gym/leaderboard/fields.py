"""Kinds of fields in a board's files, and errors that say what a field must hold."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from ntm_gym import leaderboard as tracks
from ntm_gym.untrusted import MOST_INTEGER, short_repr

MOST_TEXT = 10_000
"""Characters of a text."""

Format = Annotated[Literal[1], Meta(description="1")]
Track = Annotated[tracks.Track, Meta(description=f"one of {', '.join(tracks.TRACKS)}")]

_Integer = Annotated[int, Meta(ge=0, le=MOST_INTEGER)]
_Number = _Integer | Annotated[float, Meta(ge=0, le=sys.float_info.max)]
_Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Count = Annotated[_Integer, Meta(description="an integer of at least 0")]
CountOrNone = Annotated[_Integer | None, Meta(description="an integer of at least 0 or null")]
Counts = Annotated[list[_Integer], Meta(description="a list of integers of at least 0")]
Amount = Annotated[_Number, Meta(description="a finite number of at least 0")]
AmountOrNone = Annotated[
    _Number | None, Meta(description="a finite number of at least 0 or null")
]
Amounts = Annotated[list[_Number], Meta(description="a list of finite numbers of at least 0")]
AmountsOrNone = Annotated[
    list[_Number] | None, Meta(description="a list of finite numbers of at least 0, or null")
]
Text = Annotated[str, Meta(description="printable text")]
TextOrNone = Annotated[str | None, Meta(description="printable text or null")]
Texts = Annotated[dict[str, str], Meta(description="an object of printable texts")]
SHA256 = Annotated[_Digest, Meta(description="a SHA-256 in hexadecimal")]
SHA256OrNone = Annotated[_Digest | None, Meta(description="a SHA-256 in hexadecimal or null")]
Object = Annotated[dict[str, Any], Meta(description="an object")]


class Checked(Struct, frozen=True, kw_only=True, eq=False):
    """Fields whose texts are printable and of bearable length."""

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():
            value = getattr(self, name)
            texts = [*value, *value.values()] if hint == Texts else [value]
            if any(isinstance(text, str) and not _is_printable(text) for text in texts):
                words = _description(hint if hint == Texts else Text)
                raise ValueError(f"{name} must be {words}, not {short_repr(value)}")


T = TypeVar("T")


def convert(where: str, data: Any, kind: type[T]) -> T:
    """Return an object of a file as its struct.

    Args:
        where: What the object is, for error messages.
        data: The object.
        kind: Its struct.

    Raises:
        ValueError: If a field is missing, unknown or of another kind.

    Example:
        >>> Size = msgspec.defstruct("Size", [("parameters", Count)])
        >>> convert("entry", {"parameters": -1}, Size)
        Traceback (most recent call last):
        ValueError: entry: parameters must be an integer of at least 0, not -1
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message = _explain(where, error, data, kind)
    raise ValueError(message)


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


def _explain(where: str, error: Exception, data: Any, kind: Any) -> str:
    """Return what msgspec found, with the value and in the words of the schema."""
    message, _, place = str(error).partition(" - at `$")
    words: str | None = None
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", place):
        data = data[name] if name else data[int(index)]
        kind = _hints(kind)[name] if name else get_args(kind)[0]
        where += f": {name}" if name else f"[{index}]"
        words = _description(kind)
        if words is not None:
            return f"{where} must be {words}, not {short_repr(data)}"
    if error.__cause__ is not None:
        return f"{where}: {error.__cause__}"
    if message.startswith("Expected"):
        words = "a list" if get_origin(kind) is list else "an object"
        return f"{where} must be {words}, not {short_repr(data)}"
    fields = msgspec.structs.fields(kind)
    required = [field.name for field in fields if field.required]
    missing = [name for name in required if name not in data]
    unknown = sorted(data.keys() - {field.name for field in fields})
    if not kind.__struct_config__.forbid_unknown_fields:
        unknown = []
    return (
        f"{where} must have the fields {', '.join(required)}; missing: "
        f"{', '.join(missing) or 'none'}, unknown: {list_names(unknown)}"
    )


@functools.cache
def _hints(kind: type[Struct]) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _description(hint: Any) -> str | None:
    notes = (note.description for note in get_args(hint)[1:] if isinstance(note, Meta))
    return next((words for words in notes if words), None)


def _is_printable(text: str) -> bool:
    return text.isprintable() and len(text) <= MOST_TEXT
