"""Which backend runs the recurrent core."""

from __future__ import annotations

from typing import Literal, get_args

from ntm_agents.kernels import reference
from ntm_agents.kernels.core import RunCore

Backend = Literal["auto", "reference"]


def select_backend(backend: Backend) -> RunCore:
    """Return the core of the named backend.

    Args:
        backend: One of `Backend`.

    Raises:
        ValueError: If there is no backend of this name.
    """
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {get_args(Backend)}, not {backend!r}")
    return reference.run_core
