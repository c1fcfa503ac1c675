"""Which backend runs the recurrent core."""

from __future__ import annotations

import importlib
import logging
from typing import Literal, get_args

import torch

from ntm_agents.kernels import reference
from ntm_agents.kernels.core import RunCore

Backend = Literal["auto", "reference", "numba"]
_LOGGER = logging.getLogger(__name__)


def check_backend(backend: Backend) -> Backend:
    """Return the name of a backend.

    Raises:
        ValueError: If there is none of this name.
    """
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {get_args(Backend)}, not {backend!r}")
    return backend


def select_backend(backend: Backend, device: torch.device, dtype: torch.dtype) -> RunCore:
    """Return the core of the named backend, or the fastest one that fits.

    Args:
        backend: One of `Backend`.
        device: Where the tensors are.
        dtype: What they hold.

    Raises:
        ValueError: If the backend cannot run there.
    """
    fits = device.type == "cpu" and dtype in (torch.float32, torch.float64)
    if backend == "numba" and not fits:
        raise ValueError(
            f"backend 'numba' needs float32 or float64 on cpu, not {dtype} on {device}"
        )
    if backend == "reference" or not fits:
        return reference.run_core
    try:
        run_core: RunCore = importlib.import_module("ntm_agents.kernels.numba_cpu").run_core
    except (ImportError, RuntimeError) as error:  # without a folder to cache in: RuntimeError
        if backend == "numba":
            raise ValueError(
                f"backend 'numba' needs numba and a folder that it can cache in: {error}"
            ) from error
        _LOGGER.warning("numba cannot be used (%s); the NTM runs on plain torch", error)
        return reference.run_core
    return run_core
