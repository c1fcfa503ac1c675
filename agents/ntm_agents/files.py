"""Files that are whole or not there: tensors and JSON, written atomically, never pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    Args:
        path: Where; its folder is made if needed.
        content: The whole file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON atomically.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(data, indent=2, sort_keys=True, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: If the file does not hold one.
    """
    try:
        data = json.loads(path.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} must hold JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold a JSON object, not a {type(data).__name__}")
    return data


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: str = "") -> None:
    """Write tensors and a text atomically, as safetensors."""
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(contiguous, {"ntm-gym": metadata}))


def read_tensors(path: Path, device: str = "cpu") -> tuple[dict[str, Tensor], str]:
    """Read tensors and the text beside them.

    Raises:
        ValueError: If the file is not safetensors written by `write_tensors`.
    """
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}")
    try:
        with safe_open(path, "pt", device) as file:
            metadata = (file.metadata() or {}).get("ntm-gym")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} must be a whole safetensors file: {error}") from error
    if metadata is None:
        raise ValueError(f"{path} must be a checkpoint of ntm-gym, but was written elsewhere")
    return tensors, metadata
