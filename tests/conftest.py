"""What all tests share."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A window of SDL's own choice may load Mesa, whose LLVM does not bear Triton's beside it.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

pytest_plugins = ["board_fixtures"]
