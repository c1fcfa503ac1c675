"""Names for what Numba infers, which no checker of types sees through.

Kernels are compiled for the types that they are called with, and Numba and llvmlite carry no
annotations of their own; so each of these is ``Any``, and the name says what to expect.
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
"""A tuple of arrays, or of numbers, whose length is known when a kernel is compiled."""

Type: TypeAlias = Any
"""In an intrinsic: the type of an argument, a constant, or what the intrinsic is typed as."""

Context: TypeAlias = Any
"""In an intrinsic: Numba's typing context, or its target context."""

Builder: TypeAlias = Any
"""In an intrinsic: llvmlite's, which adds instructions."""

Signature: TypeAlias = Any
"""In an intrinsic: the types that were found."""

Value: TypeAlias = Any
"""In an intrinsic: a value of LLVM's, known when the kernel runs."""

Values: TypeAlias = Any
"""In an intrinsic: the arguments."""

Array: TypeAlias = NDArray[np.floating[Any]]
"""Contiguous numbers that pass between torch and the kernels."""
