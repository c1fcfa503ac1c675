"""Heads: from the controller's output to what each head does (section 3.3, figure 2).

One linear layer gives the parameters of all heads; here they are cut apart and brought into
the ranges that the equations ask for. Letters: see `NTMConfig`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ntm_agents.addressing import AddressingParameters
from ntm_agents.config import NTMConfig


class HeadParameters(NamedTuple):
    """What the controller asks of all heads in one step.

    Attributes:
        reading: Where the read heads look; H is R.
        writing: Where the write heads look; H is W.
        erase_vector: How much each write head erases, shape ``(B, W, M)``, in (0, 1).
        add_vector: What each write head adds, shape ``(B, W, M)``, in (-1, 1).
    """

    reading: AddressingParameters
    writing: AddressingParameters
    erase_vector: Tensor
    add_vector: Tensor


def split_head_parameters(raw: Tensor, config: NTMConfig) -> HeadParameters:
    """Cut the head layer's output into head parameters.

    The layout is one block of A values for each read head, then for each write head one
    block of A values followed by its erase and its add vector; A values are the key, its
    strength, the gate, the shifts and the sharpening.

    Args:
        raw: Output of the head layer, any real numbers, shape ``(B, P)``.
        config: The sizes.

    Returns:
        Parameters in the ranges of equations 3 to 9.
    """
    for_reading = config.num_read_heads * config.addressing_size
    batch_size = raw.shape[0]
    reading = raw[:, :for_reading].reshape(batch_size, config.num_read_heads, -1)
    writing = raw[:, for_reading:].reshape(batch_size, config.num_write_heads, -1)
    addressing, erase_vector, add_vector = torch.split(
        writing, [config.addressing_size, config.word_size, config.word_size], dim=-1
    )
    return HeadParameters(
        reading=_addressing_parameters(reading, config),
        writing=_addressing_parameters(addressing, config),
        erase_vector=erase_vector.sigmoid(),
        add_vector=add_vector.tanh(),
    )


def incline_reads_to_stay(bias: Tensor, config: NTMConfig) -> None:
    """Add `NTMConfig.initial_stay` to the bias of the head layer, in place.

    Args:
        bias: Laid out as the raw parameters of `split_head_parameters`, shape ``(P,)``.
        config: The sizes.
    """
    for head in range(config.num_read_heads):
        gate = head * config.addressing_size + config.word_size + 1
        bias[gate] -= config.initial_stay
        bias[gate + 1 + config.max_shift] += config.initial_stay


def _addressing_parameters(raw: Tensor, config: NTMConfig) -> AddressingParameters:
    key, strength, gate, shifts, sharpening = torch.split(
        raw, [config.word_size, 1, 1, config.num_shifts, 1], dim=-1
    )
    return AddressingParameters(
        key=key.tanh(),
        key_strength=functional.softplus(strength.squeeze(-1)),
        interpolation_gate=gate.squeeze(-1).sigmoid(),
        shift_weighting=shifts.softmax(-1),
        sharpening=1 + functional.softplus(sharpening.squeeze(-1)),
    )
