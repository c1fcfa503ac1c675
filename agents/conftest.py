"""Doctests are looked for only in modules whose packages are there."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("triton") else ["ntm_agents/kernels/triton"]
