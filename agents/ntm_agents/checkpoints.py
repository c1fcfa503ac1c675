"""Published checkpoints: ``X.safetensors`` beside ``X.json`` that says what it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from ntm_agents.blueprint import build_checked
from ntm_agents.files import encode_tensors
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS
from ntm_gym.files import encode_json, write_together
from ntm_gym.tensor_files import TensorFile, check_finite, parse_tensor_file
from ntm_gym.untrusted import read_untrusted_bytes, read_untrusted_json, short_repr

FORMAT = 1
MOST_BYTES = 2**32
"""Size of a file of weights that is loaded; an entry's are smaller."""
_REQUIRED = {"format": int, "network": str, "options": dict, "task": dict, "train_seed": int}


def save_checkpoint(path: Path, network: nn.Module, metadata: dict[str, Any]) -> None:
    """Publish a network.

    Args:
        path: Ends in ``.safetensors``; the description lies beside it.
        network: Its parameters and buffers are written.
        metadata: Description; must hold ``network``, ``options``, ``task``, ``train_seed``.

    Raises:
        ValueError: If the description lacks a field, or a weight, buffer or number in the
            description is not finite; nothing is written then.
        OSError: If the files cannot be written; what was there before stays.
    """
    description = {"format": FORMAT, **metadata}
    check_description(path, description, _REQUIRED)
    check_publishable(str(path), network)
    publish(path, encode_tensors(network.state_dict()), description)


def read_description(path: Path, required: Mapping[str, type] = _REQUIRED) -> dict[str, Any]:
    """Read what a checkpoint says of itself, without building anything.

    Args:
        path: The ``.safetensors`` file.
        required: Fields that it must have, with their types.

    Raises:
        ValueError: If the description is missing or lacks a field.
    """
    description_path = path.with_suffix(".json")
    if not description_path.exists():
        raise ValueError(f"{path} must have its description beside it, {description_path}")
    description = read_untrusted_json(description_path)
    check_description(description_path, description, required)
    return description


def load_checkpoint(
    path: Path, trusted: Collection[str] = TRUSTED_NETWORKS
) -> tuple[nn.Module, dict[str, Any]]:
    """Build a published network.

    Args:
        path: The ``.safetensors`` file.
        trusted: Names of networks that may be imported.

    Returns:
        The network in evaluation mode, and its description. The network declares the dtypes of
        its parameters and buffers, whatever the file's: half precision is computed with in
        single, and buffers of integers or in double precision are kept exactly.

    Raises:
        ValueError: If a file is damaged, foreign or larger than `MOST_BYTES`, names a network
            that is not trusted, or its options are not those of its weights; nothing is
            allocated for them before that is known.
    """
    description = read_description(path)
    name, options = description["network"], description["options"]
    check_trusted(path, "network", name, trusted)
    content, file = read_weights(path)
    network = build_checked(str(path), name, options, file)
    network.load_state_dict(safetensors.torch.load(content))
    return network.eval(), description


def read_weights(path: Path) -> tuple[bytes, TensorFile]:
    """Read a file of weights that a stranger may have written.

    Returns:
        Its content, and what that holds.

    Raises:
        ValueError: If it is missing, damaged, foreign or larger than `MOST_BYTES`, or a number
            is not finite.
    """
    if not path.exists():
        raise ValueError(f"there is no checkpoint {path}")
    content = read_untrusted_bytes(path, MOST_BYTES)
    file = parse_tensor_file(str(path), content)
    if "ntm-gym" not in file.metadata:
        raise ValueError(f"{path} must be a checkpoint of ntm-gym, but was written elsewhere")
    check_finite(str(path), file)
    return content, file


def check_publishable(where: str, network: nn.Module) -> None:
    """Refuse weights and persistent buffers that no reader of a published file accepts.

    Args:
        where: The file or the network, for the error message.
        network: What is to be published.

    Raises:
        ValueError: If one is not finite.
    """
    for name, tensor in network.state_dict().items():
        if not tensor.isfinite().all():
            raise ValueError(
                f"{where} must hold finite weights, but {name!r} is not finite; a mask of "
                "infinities can be a buffer with persistent=False"
            )


def publish(path: Path, tensors: bytes, description: dict[str, Any]) -> None:
    """Write both files; the tensors come last, and with them the checkpoint is there."""
    write_together({path.with_suffix(".json"): encode_json(description), path: tensors})


def check_trusted(path: Path, kind: str, name: str, trusted: Collection[str]) -> None:
    """Refuse to import what a file names, unless it is trusted.

    Raises:
        ValueError: If it is not.
    """
    if name not in trusted:
        raise ValueError(
            f"{path} names the {kind} {short_repr(name)}, which must be trusted to be "
            f"imported; trusted are {', '.join(sorted(trusted))}"
        )


def check_description(
    path: Path, description: Mapping[str, Any], required: Mapping[str, type]
) -> None:
    """Refuse a description that lacks a field.

    Raises:
        ValueError: If it does, or is of another format.
    """
    for field, kind in required.items():
        value = description.get(field)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(
                f"{path} must say {field!r} as {kind.__name__}, not {short_repr(value)}"
            )
    if description["format"] != FORMAT:
        raise ValueError(f"{path} must have format {FORMAT}, not {description['format']}")
