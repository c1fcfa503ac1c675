"""Tables that are read as text as well as on a page."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence


def format_markdown(lines: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table whose columns are aligned; the first line is its head."""
    widths = [max(len(text) for text in column) for column in zip(*lines, strict=True)]
    head, *body = lines
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in [head, rule, *body]
    )


def list_seeds(values: Iterable[float]) -> str:
    """Return the values of all seeds, sorted, equal ones counted.

    Example:
        >>> list_seeds([0.0, 147.2, 0.0, 0.005])
        '0 (2 seeds), 0.005, 147'
    """
    texts = map(short, sorted(values))
    counted = [(text, len(list(same))) for text, same in itertools.groupby(texts)]
    return ", ".join(
        text if count == 1 else f"{text} ({count} seeds)" for text, count in counted
    )


def short(value: float) -> str:
    """Return a number with as many digits as say something.

    Example:
        >>> [short(value) for value in (0.0, 0.00023, 0.0123, -9.14, 56.25, 1234.5)]
        ['0', '0.0002', '0.0123', '-9.14', '56.2', '1234']
    """
    size = abs(value)
    if size == 0 or size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.3g}" if size >= 0.01 else f"{value:.1g}"
