"""How many examples the fuzz tests draw: a few, or ``make fuzz EXAMPLES=10000``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FUZZ = "NTM_GYM_FUZZ"


def fuzz(few: int, seconds: float | None = None) -> settings:
    """Return settings for a test of anything that a stranger may hand in.

    Args:
        few: Examples in the suite, the same in every run; with the variable `FUZZ`, as many as
            that says, others in every run.
        seconds: The most that an example may take; any time if None.
    """
    return settings(
        max_examples=int(os.environ.get(FUZZ, few)),
        derandomize=FUZZ not in os.environ,
        deadline=None if seconds is None else 1_000 * seconds,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
