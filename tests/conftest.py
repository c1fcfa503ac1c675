"""What all tests share."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A window of SDL's own choice may load Mesa, whose LLVM does not bear Triton's beside it.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

pytest_plugins = ["board_fixtures"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `gpu` where there is no CUDA device."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
