"""Tables that are read as text as well as on a page."""

from __future__ import annotations

from collections.abc import Sequence


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
