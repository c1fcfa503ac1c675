"""How the kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

from ntm_agents.kernels.numba.lang.cache import keep_compiled

_ORDERED = {"contract", "nsz", "arcp"}
FAST = _ORDERED | {"reassoc", "afn"}
"""What sums in any order need. Not ``nnan`` and ``ninf``: a NaN or an infinity that goes in
must come out."""

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function, sums in any order; compiled code is kept on disk.

    There is no ``parallel``: its threading layers abort on concurrent use.
    """
    return _compile(function, fastmath=FAST)


def ordered_kernel(function: Function) -> Function:
    """Compile a function whose sums must be taken in the order in which they stand."""
    return _compile(function, fastmath=_ORDERED)


def inlined(function: Function) -> Function:
    """Compile a function into each caller, so that vectors pass through registers."""
    return _compile(function, fastmath=FAST, forceinline=True)


def step_of(function: Function) -> Function:
    """Compile a function as a part of the one that calls it, once instead of twice."""
    return _compile(function, fastmath=FAST, inline="always")


def _compile(function: Function, **options: Any) -> Function:
    # numpy's errors: a division by zero is an infinity and no branch. nogil: for threads.
    compiled: Any = njit(error_model="numpy", nogil=True, **options)(function)
    keep_compiled(compiled)
    return cast(Function, compiled)
