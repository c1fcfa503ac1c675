"""A line of the log when Numba begins to compile, so that nobody takes the wait for a hang."""

from __future__ import annotations

import functools
import logging
from typing import Any

from numba.core import event

_LOGGER = logging.getLogger(__name__)


class _Notice(event.Listener):
    """Hears of every compilation in the process and speaks of the first one of ours."""

    def __init__(self) -> None:
        """Have said nothing yet."""
        self.given = False

    def on_start(self, event: Any) -> None:
        """Speak once."""
        kernel = event.data["dispatcher"].py_func
        if kernel.__module__.startswith("ntm_agents.kernels.") and not self.given:
            self.given = True
            _LOGGER.warning(
                "compiling the NTM's kernels, which takes up to a minute; "
                "later processes load them from Numba's cache"
            )

    def on_end(self, event: Any) -> None:
        """Say nothing."""


@functools.cache
def announce_compilation() -> None:
    """Log the first compilation of a kernel; none happens if the cache holds them."""
    event.register("numba:compile", _Notice())
