"""Guard values around the buffers that kernels allocate, in a build for tests.

With ``NTM_AGENTS_GUARDS=1`` a buffer lies between `GUARD_BYTES` of ones on both sides, and is
filled with ones itself. As numbers these are NaN, so that what is read from there shows in the
results. In other builds nothing of this is left.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES
from ntm_agents.kernels.numba.lang.names import (
    Arrays,
    Builder,
    Context,
    Pointer,
    Signature,
    Type,
    Value,
    Values,
)
from ntm_agents.kernels.numba.lang.vectors import intrinsic

_BYTE = ir.IntType(8)
_ONES = 0xFF


@intrinsic
def _ends(typing_context: Context, arrays: Type) -> Type:
    """Return the addresses where each of a tuple's arrays begins, and where it ends."""
    result = types.UniTuple(types.UniTuple(types.intp, 2), len(arrays))

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        ends = []
        for k, array in enumerate(arrays):
            field = context.make_array(array)(
                context, builder, builder.extract_value(args[0], k)
            )
            first = builder.ptrtoint(field.data, context.get_value_type(types.intp))
            last = builder.add(first, builder.mul(field.nitems, field.itemsize))
            ends.append(context.make_tuple(builder, result.dtype, [first, last]))
        return context.make_tuple(builder, result, ends)

    return result(arrays), generate


@intrinsic
def _byte_at(typing_context: Context, address: Type) -> Type:
    """Return the byte at an address."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        place = builder.inttoptr(args[0], _BYTE.as_pointer())
        return builder.zext(builder.load(place), context.get_value_type(types.intp))

    return types.intp(address), generate


@intrinsic
def _set_byte(typing_context: Context, address: Type) -> Type:
    """Write ones into the byte at an address."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        builder.store(_BYTE(_ONES), builder.inttoptr(args[0], _BYTE.as_pointer()))
        return context.get_dummy_value()

    return types.void(address), generate


@kernel
def fill_with_guards(block: Pointer) -> None:
    """Fill a block, in which a buffer will lie between guards, with ones."""
    for first, last in _ends((block,)):
        for address in range(first, last):
            _set_byte(address)


@kernel
def check_guards(buffers: Arrays) -> None:
    """Raise an error if a value around one of a tuple's buffers has been written to."""
    # By addresses: a view would be checked by Numba against its own bounds.
    for first, last in _ends(buffers):
        for distance in range(GUARD_BYTES):
            if _byte_at(first - 1 - distance) != _ONES or _byte_at(last + distance) != _ONES:
                raise RuntimeError("a kernel has written outside of its buffers")
