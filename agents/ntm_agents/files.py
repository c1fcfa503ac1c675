"""Tensor files, written atomically and never pickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ntm_gym.files import write_atomically


def encode_tensors(tensors: Mapping[str, Tensor], metadata: str = "") -> bytes:
    """Return tensors and a text as a safetensors file.

    Tensors that share memory, such as tied weights, are written once for each name.
    """
    own = {
        name: tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    return save(own, {"ntm-gym": metadata})


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: str = "") -> None:
    """Write tensors and a text atomically, as safetensors.

    Raises:
        OSError: If the file cannot be written.
    """
    write_atomically(path, encode_tensors(tensors, metadata))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """Read tensors and the text beside them.

    Raises:
        ValueError: If the file is not safetensors written by `write_tensors`.
    """
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = (file.metadata() or {}).get("ntm-gym")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} must be a whole safetensors file: {error}") from error
    if metadata is None:
        raise ValueError(f"{path} must be a checkpoint of ntm-gym, but was written elsewhere")
    return tensors, metadata
