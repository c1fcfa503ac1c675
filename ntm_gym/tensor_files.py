"""Safetensors without torch: what a file holds, before anything is allocated for it.

A file is eight bytes with the length of its header, the header in JSON, and the numbers. The
header gives each tensor's dtype, shape and place; all of it is bounded by the file's size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.untrusted import parse_untrusted_json, read_untrusted_bytes, short_repr

MOST_BYTES = 64 * 2**20
"""Size of an entry's file of weights."""
MOST_TENSORS = 4096
MOST_NAME = 256
_MOST_HEADER = 2**20
_CHUNK = 2**20
_ITEM_BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
"""Dtypes of weights."""


class TensorInfo(NamedTuple):
    """A tensor of a file.

    Attributes:
        dtype: As safetensors writes it, ``"F32"`` and the like.
        shape: Its sizes.
        begin: Where its bytes begin, after the header.
        end: Where they end.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def size(self) -> int:
        """Number of numbers."""
        return math.prod(self.shape)


class TensorFile(NamedTuple):
    """What a file of tensors holds.

    Attributes:
        tensors: By name, in the order of their names.
        metadata: Texts by name.
        content: The numbers' bytes.
    """

    tensors: dict[str, TensorInfo]
    metadata: Mapping[str, str]
    content: memoryview

    @property
    def size(self) -> int:
        """Number of numbers in all tensors."""
        return sum(info.size for info in self.tensors.values())


def read_tensor_file(path: Path, most_bytes: int = MOST_BYTES) -> TensorFile:
    """Read a file of tensors and check its header against its size.

    Args:
        path: A safetensors file.
        most_bytes: The largest size that is read.

    Raises:
        ValueError: If it is no plain file, too large, or no whole safetensors file.
        OSError: If it cannot be read.
    """
    return parse_tensor_file(str(path), read_untrusted_bytes(path, most_bytes))


def parse_tensor_file(where: str, content: bytes) -> TensorFile:
    """Return what a safetensors file holds; see `read_tensor_file`.

    Args:
        where: Which file, for error messages.
        content: All of it.
    """
    try:
        return _parse(content)
    except ValueError as error:
        raise ValueError(f"{where} must be a whole safetensors file: {error}") from error


def float_chunks(file: TensorFile, name: str) -> Iterator[NDArray[np.float32]]:
    """Yield a tensor's numbers in order, in parts of bearable size.

    Args:
        file: The file.
        name: A tensor of floating-point numbers.
    """
    info = file.tensors[name]
    item = _ITEM_BYTES[info.dtype]
    raw = file.content[info.begin : info.end]
    for begin in range(0, len(raw), _CHUNK * item):
        part = raw[begin : begin + _CHUNK * item]
        if info.dtype == "BF16":
            halves = np.frombuffer(part, "<u2").astype(np.uint32)
            yield (halves << np.uint32(16)).view(np.float32)
        else:
            with np.errstate(over="ignore"):
                yield np.frombuffer(part, f"<f{item}").astype(np.float32)


def raw_array(file: TensorFile, name: str) -> NDArray[Any]:
    """Return a tensor's numbers in order, in a dtype that NumPy has.

    Args:
        file: The file.
        name: A tensor of any dtype but ``"BF16"``.
    """
    info = file.tensors[name]
    dtype = f"<{info.dtype[0].lower()}{_ITEM_BYTES[info.dtype]}"  # F32 is f4, BOOL is b1
    return np.frombuffer(file.content[info.begin : info.end], dtype)


def check_finite(where: str, file: TensorFile) -> None:
    """Check that no weight is infinite or not a number.

    Args:
        where: Which file, for error messages.
        file: The file.

    Raises:
        ValueError: If one is, in single precision.
    """
    for name, info in file.tensors.items():
        if info.dtype in FLOATS:
            for part in float_chunks(file, name):
                if not np.isfinite(part).all():
                    raise ValueError(
                        f"{where}: {short_repr(name)} must be finite, but holds NaN or infinity"
                    )


def _parse(content: bytes) -> TensorFile:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(_MOST_HEADER, len(content) - 8):
        raise ValueError(f"its header's length does not fit {len(content)} bytes")
    header = parse_untrusted_json("its header", content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(
        isinstance(text, str) for text in metadata.values()
    ):
        raise ValueError("__metadata__ must hold texts")
    numbers = memoryview(content)[8 + length :]
    if len(header) > MOST_TENSORS:
        raise ValueError(f"it must hold at most {MOST_TENSORS} tensors, not {len(header)}")
    tensors = {name: _parse_tensor(name, header[name]) for name in sorted(header)}
    end = 0
    for info in sorted(tensors.values(), key=lambda info: (info.begin, info.end)):
        if info.begin != end:
            raise ValueError("its tensors must lie side by side")
        end = info.end
    if end != len(numbers):
        raise ValueError(f"its header tells of {end} bytes of numbers, not {len(numbers)}")
    return TensorFile(tensors, metadata, numbers)


def _parse_tensor(name: str, data: Any) -> TensorInfo:
    if len(name) > MOST_NAME or not name.isprintable():
        raise ValueError(f"a tensor's name must be short and printable, not {short_repr(name)}")
    if not isinstance(data, dict) or set(data) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name!r} must have dtype, shape and data_offsets")
    dtype, shape, offsets = data["dtype"], data["shape"], data["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _ITEM_BYTES:
        raise ValueError(
            f"tensor {name!r} must be of {', '.join(_ITEM_BYTES)}, not {short_repr(dtype)}"
        )
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(
            f"tensor {name!r} must have a shape and two offsets of integers of at least 0, "
            f"not {short_repr(shape)} and {short_repr(offsets)}"
        )
    info = TensorInfo(dtype, tuple(shape), *offsets)
    if info.end - info.begin != info.size * _ITEM_BYTES[dtype]:
        raise ValueError(f"tensor {name!r} must be as long as its shape and dtype say")
    return info


def _are_sizes(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= 16
        and all(type(value) is int and value >= 0 for value in values)
    )
