"""Heads: from the controller's output to what each head does (section 3.3, figure 2).

One linear layer gives the parameters of all heads; here they are cut apart and brought into
the ranges that the equations ask for. Letters: see `NTMConfig`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ntm_agents.ntm.addressing import AddressingParameters
from ntm_agents.ntm.config import NTMConfig


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
    reading = raw[:, :for_reading].unflatten(-1, (config.num_read_heads, -1))
    writing = raw[:, for_reading:].unflatten(-1, (config.num_write_heads, -1))
    addressing, erase_vector, add_vector = torch.split(
        writing, [config.addressing_size, config.word_size, config.word_size], dim=-1
    )
    return HeadParameters(
        reading=_addressing_parameters(reading, config),
        writing=_addressing_parameters(addressing, config),
        erase_vector=erase_vector.sigmoid(),
        add_vector=add_vector.tanh(),
    )


def key_strength_places(config: NTMConfig) -> list[int]:
    """Return where the raw parameters of `split_head_parameters` hold key strengths."""
    reads, size = config.num_read_heads, config.addressing_size
    write_size = size + 2 * config.word_size
    reading = [head * size for head in range(reads)]
    writing = [reads * size + head * write_size for head in range(config.num_write_heads)]
    return [first + config.word_size for first in reading + writing]


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
