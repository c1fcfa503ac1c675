"""How the kernels are compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

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


def digest_of(folder: Path) -> str:
    """Return a digest of all files in a folder that kernels may be compiled from."""
    sources = sorted(folder.glob("numba_*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


_DIGEST = digest_of(Path(__file__).parent)


def _compile(function: Function, **options: Any) -> Function:
    """Compile a function; what is on disk counts only if no kernel has changed since.

    Numba itself looks at the function's own file, and not at those of the functions it calls.
    What another version has left is not even unpickled: it may name what is no longer there.
    """
    compiled: Any = njit(error_model="numpy", nogil=True, cache=True, **options)(function)
    file = compiled._cache._cache_file
    file._version, file._source_stamp = f"{file._version}-{_DIGEST}", _DIGEST
    return cast(Function, compiled)
