"""Without a CUDA device, Triton kernels run in Triton's interpreter."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from ntm_agents.kernels import dispatch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture
def forgetful_dispatch() -> Iterator[None]:
    """Let the dispatch import kernels and log anew, before and after."""
    for function in (dispatch.numba_missing, dispatch.triton_missing, dispatch.say_once):
        function.cache_clear()
    yield
    for function in (dispatch.numba_missing, dispatch.triton_missing, dispatch.say_once):
        function.cache_clear()
