"""Names for what Numba infers: a checker of types sees through none of them.

Kernels are compiled for the types that they are called with, so each of these is ``Any``; the
name says what a reader may expect.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pointer: TypeAlias = Any
"""To numbers of the kernel's type, as `pointers` has them; in a call from Python, an array."""

Lanes: TypeAlias = Any
"""A vector as a value: as many numbers as fit a few registers."""

Number: TypeAlias = Any
"""One number of the kernel's type, float32 or float64."""

Arrays: TypeAlias = Any
"""A named tuple of arrays."""

Code: TypeAlias = Any
"""What an intrinsic is typed with and generates: types, a context, a builder, LLVM's values."""

Array: TypeAlias = NDArray[np.floating[Any]]
"""Contiguous numbers that pass between torch and the kernels."""
