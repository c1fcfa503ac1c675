"""Training seeds as a command line gives them."""

from __future__ import annotations

import re

_MOST_SEEDS = 10_000


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return seeds given one by one or as ranges.

    Raises:
        ValueError: If the text is something else.

    Example:
        >>> parse_seeds("1-3,7")
        (1, 2, 3, 7)
    """
    found: list[int] = []
    for part in text.split(",") if text else ():
        matched = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if matched is None or int(matched[2] or matched[1]) < int(matched[1]):
            raise ValueError(f"seeds must be given like 1,2 or 1-10, not {text!r}")
        first, last = int(matched[1]), int(matched[2] or matched[1])
        if last - first >= _MOST_SEEDS or last >= 2**64:
            raise ValueError(f"seeds must be at most {_MOST_SEEDS} below 2**64, not {text!r}")
        found += range(first, last + 1)
    return tuple(found)
