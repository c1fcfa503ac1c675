"""How many threads numerical libraries use."""

from __future__ import annotations

import os


def use_one_thread() -> None:
    """Ask torch for a single thread, unless the user has asked for more.

    Must come before torch is imported. Two threads that wait for each other on busy cores
    were ten times slower here, and sums then depend on how many there are.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
