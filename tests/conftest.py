"""What all tests share."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A window of SDL's own choice may load Mesa, whose LLVM does not bear Triton's beside it.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

pytest_plugins = ["board_fixtures"]


@pytest.fixture
def hears_signals() -> Iterator[None]:
    """Hear the signals that `nohup` and a shell's `&` set to be ignored, in children too."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL) if hasattr(signal, "SIGHUP") else None
    yield
    signal.signal(signal.SIGINT, interrupt)
    if hangup is not None:
        signal.signal(signal.SIGHUP, hangup)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed torch, so that no order matters; skip `gpu` where there is no CUDA device."""
    if loaded := sys.modules.get("torch"):
        loaded.manual_seed(0)
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line for each reason how many tests were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if isinstance(report.longrepr, tuple)
    )
    for reason, number in reasons.items():
        terminalreporter.write_line(f"{number} skipped: {reason}")
