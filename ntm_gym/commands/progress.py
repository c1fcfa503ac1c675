"""A progress bar that stays quiet where nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TextIO

_WIDTH = 24


class Progress:
    """Draws how much of something is done, on a terminal only.

    Args:
        title: What is being done.
        total: Number of steps; None if nobody knows.
        stream: Where to draw; standard error if None.
    """

    def __init__(
        self, title: str, total: int | None = None, stream: TextIO | None = None
    ) -> None:
        """Draw nothing yet."""
        self._title, self._total, self._done = title, total, 0
        stream = sys.stderr if stream is None else stream
        self._stream = stream if stream.isatty() else None

    def __enter__(self) -> Progress:
        """Draw an empty bar."""
        self._draw("")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Clear the line."""
        if self._stream is not None:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def advance(self, label: str) -> None:
        """Note that a step is done."""
        self._done += 1
        self._draw(label)

    def _draw(self, label: str) -> None:
        if self._stream is not None:
            self._stream.write(f"\r\033[K{self._title} {self._how_much()} {label}")
            self._stream.flush()

    def _how_much(self) -> str:
        if self._total is None:
            return str(self._done)
        filled = _WIDTH * self._done // self._total
        bar = "█" * filled + "░" * (_WIDTH - filled)
        return f"{bar} {self._done}/{self._total}"
