"""What may reach a recurrent network: checked before anything is allocated or computed.

Kernels read tensors through pointers, and torch's raw recurrent functions trust their
arguments; so every argument passes here first, whatever runs it. Letters: B is the batch
size, T time, I the channels of an input step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


def check_inputs(inputs: Tensor, input_size: int, like: Tensor) -> None:
    """Refuse inputs that a network cannot process.

    Args:
        inputs: What was given; must have the shape ``(B, T, I)``, T at least one.
        input_size: I.
        like: A parameter of the network.

    Raises:
        TypeError: If it is no tensor.
        ValueError: If it has another shape, dtype, device or layout.
    """
    _check_kind("inputs", inputs)
    if inputs.dim() != 3 or inputs.shape[2] != input_size:
        raise ValueError(
            f"inputs must have shape (B, T, {input_size}), not {tuple(inputs.shape)}"
        )
    if inputs.shape[1] < 1:
        raise ValueError(
            f"inputs must have at least one step, but their shape is {tuple(inputs.shape)}"
        )
    if not like.dtype.is_floating_point:
        raise ValueError(f"the network must hold floating-point numbers, not {like.dtype}")
    _check_numbers("inputs", inputs, like)


def check_episode_starts(episode_starts: Tensor, inputs: Tensor) -> None:
    """Refuse episode starts that do not say of every step whether an episode starts there.

    Args:
        episode_starts: What was given; must have the shape ``(B, T)`` and hold bools.
        inputs: Shape ``(B, T, I)``.

    Raises:
        TypeError: If it is no tensor.
        ValueError: If it has another shape, dtype, device or layout.
    """
    _check_kind("episode_starts", episode_starts)
    _check_shape("episode_starts", episode_starts, inputs.shape[:2])
    if episode_starts.dtype != torch.bool:
        raise ValueError(f"episode_starts must be torch.bool, not {episode_starts.dtype}")
    _check_device("episode_starts", episode_starts, inputs)


def check_state(
    state: Any,
    fields: Sequence[tuple[str, tuple[int, ...]]],
    inputs: Tensor,
    counts: Collection[str] = (),
) -> None:
    """Refuse a state that is not one of this network and this batch.

    Args:
        state: What was given, a tuple of tensors.
        fields: Name of every field, and its shape without the batch size.
        inputs: Shape ``(B, T, I)``, with the dtype and on the device of the network.
        counts: Names of fields that hold int64 instead.

    Raises:
        TypeError: If a field is no tensor.
        ValueError: If there are more or fewer fields, or one has another shape, dtype, device
            or layout.
    """
    if not isinstance(state, (tuple, list)) or len(state) != len(fields):
        names = ", ".join(name for name, _ in fields)
        given = f"{len(state)}" if isinstance(state, (tuple, list)) else type(state).__name__
        raise ValueError(f"the state must be a tuple of {len(fields)} ({names}), not {given}")
    batch_size = inputs.shape[0]
    for (name, shape), field in zip(fields, state, strict=True):
        _check_kind(f"state.{name}", field)
        if field.dim() > 0 and field.shape[0] != batch_size and field.shape[1:] == shape:
            raise ValueError(f"the state holds {field.shape[0]} sequences, inputs {batch_size}")
        _check_shape(f"state.{name}", field, (batch_size, *shape))
        if name not in counts:
            _check_numbers(f"state.{name}", field, inputs)
        elif field.dtype != torch.int64:
            raise ValueError(f"state.{name} must be torch.int64, not {field.dtype}")
        else:
            _check_device(f"state.{name}", field, inputs)


def check_parameters(
    parameters: Iterable[Tensor],
    expected: Sequence[tuple[str, tuple[int, ...]]],
    like: Tensor,
) -> None:
    """Refuse a network whose parameters do not fit each other any more.

    Args:
        parameters: Its parameters.
        expected: Name and shape of each.
        like: One whose dtype and device all must have.

    Raises:
        ValueError: If one has another shape, dtype, device or layout.
    """
    dtype, device, strided = like.dtype, like.device, torch.strided
    for parameter, (name, shape) in zip(parameters, expected, strict=True):
        if (
            isinstance(parameter, Tensor)
            and parameter.layout is strided
            and parameter.shape == shape
            and parameter.dtype is dtype
            and parameter.device == device
        ):
            continue
        _check_kind(name, parameter)
        _check_shape(name, parameter, shape)
        _check_numbers(name, parameter, like)


def _check_kind(name: str, tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(tensor).__name__}")
    if tensor.is_nested or tensor.layout is not torch.strided:
        layout = "a nested tensor" if tensor.is_nested else tensor.layout
        raise ValueError(f"{name} must be a dense tensor, not {layout}")


def _check_shape(name: str, tensor: Tensor, shape: Sequence[int]) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{name} must have shape {tuple(shape)}, not {tuple(tensor.shape)}")


def _check_numbers(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.dtype is not like.dtype:
        raise ValueError(f"{name} must be {like.dtype}, as the network is, not {tensor.dtype}")
    _check_device(name, tensor, like)


def _check_device(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.device != like.device:
        raise ValueError(
            f"{name} must be on {like.device}, as the network is, not on {tensor.device}"
        )
