"""Addressing: where a head looks in memory (Graves et al. 2014, section 3.3).

Letters: ``B`` batch, ``H`` heads, ``N`` locations, ``M`` word size, ``S`` allowed shifts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

SIMILARITY_EPSILON = 1e-8
"""Added to squared norms, so that a blank location has a similarity and a gradient."""

SHARPENING_EPSILON = 1e-12
"""Added to weightings before their logarithm, so that a weight of zero stays finite."""


class AddressingParameters(NamedTuple):
    """What the controller says about where heads of one kind look.

    Attributes:
        key: Content to look for, shape ``(B, H, M)``.
        key_strength: How much nearer content counts more, ``(B, H)``, positive.
        interpolation_gate: Weight of content against the last weighting, ``(B, H)``, in (0, 1).
        shift_weighting: Distribution over shifts ``-max_shift … +max_shift``, ``(B, H, S)``.
        sharpening: Exponent of the final weighting, ``(B, H)``, at least one.
    """

    key: Tensor
    key_strength: Tensor
    interpolation_gate: Tensor
    shift_weighting: Tensor
    sharpening: Tensor


def cosine_similarity(key: Tensor, memory: Tensor) -> Tensor:
    r"""Compare each key with each memory location (equation 6).

    $$ K[u, v] = u \cdot v / (\lVert u \rVert \lVert v \rVert) $$

    Args:
        key: Shape ``(B, H, M)``.
        memory: Shape ``(B, N, M)``.

    Returns:
        Similarities in [-1, 1], shape ``(B, H, N)``; zero where key or location is zero.
    """
    key_norm = (key.square().sum(-1, keepdim=True) + SIMILARITY_EPSILON).sqrt()
    memory_norm = (memory.square().sum(-1, keepdim=True) + SIMILARITY_EPSILON).sqrt()
    return (key / key_norm) @ (memory / memory_norm).transpose(1, 2)


def content_weighting(memory: Tensor, key: Tensor, key_strength: Tensor) -> Tensor:
    r"""Focus on the locations whose content resembles the key (equation 5).

    $$ w^c_t(i) = \operatorname{softmax}_i(\beta_t K[k_t, M_t(i)]) $$

    Args:
        memory: Shape ``(B, N, M)``.
        key: :math:`k_t`, shape ``(B, H, M)``.
        key_strength: :math:`\beta_t`, shape ``(B, H)``, positive.

    Returns:
        Weightings, shape ``(B, H, N)``; each row sums to one.

    Raises:
        ValueError: If key and memory differ in word size.

    Example:
        >>> memory = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
        >>> content_weighting(memory, torch.tensor([[[2.0, 0.0]]]), torch.tensor([[5.0]]))
        tensor([[[0.9933, 0.0067]]])
    """
    if key.shape[-1] != memory.shape[-1]:
        raise ValueError(
            f"keys must be as wide as the memory's {memory.shape[-1]}-number words, "
            f"not {key.shape[-1]} wide"
        )
    return (key_strength.unsqueeze(-1) * cosine_similarity(key, memory)).softmax(-1)


def interpolate(
    content_weighting: Tensor, previous_weighting: Tensor, interpolation_gate: Tensor
) -> Tensor:
    r"""Choose between content and where the head was (equation 7).

    $$ w^g_t = g_t w^c_t + (1 - g_t) w_{t-1} $$

    Args:
        content_weighting: :math:`w^c_t`, shape ``(B, H, N)``.
        previous_weighting: :math:`w_{t-1}`, shape ``(B, H, N)``.
        interpolation_gate: :math:`g_t`, shape ``(B, H)``, in (0, 1); one forgets the past.

    Returns:
        Gated weightings, shape ``(B, H, N)``; each row sums to one.
    """
    return torch.lerp(previous_weighting, content_weighting, interpolation_gate.unsqueeze(-1))


def shift(weighting: Tensor, shift_weighting: Tensor) -> Tensor:
    r"""Rotate each weighting over the circle of locations (equation 8).

    $$ \tilde w_t(i) = \sum_j w^g_t(i - j) \, s_t(j) $$

    Args:
        weighting: Gated weighting :math:`w^g_t`, shape ``(B, H, N)``.
        shift_weighting: :math:`s_t`, shape ``(B, H, S)``, S odd, rows sum to one; entry 0 is
            the shift by ``-(S - 1) / 2``, and +1 moves the focus to the next location.

    Returns:
        Rotated weightings, shape ``(B, H, N)``; each row sums to one.

    Raises:
        ValueError: If the number of shifts is even or exceeds the number of locations.

    Example:
        >>> shift(torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]), torch.tensor([[[0.0, 0.0, 1.0]]]))
        tensor([[[0., 1., 0., 0.]]])
    """
    num_shifts, num_locations = shift_weighting.shape[-1], weighting.shape[-1]
    if num_shifts % 2 == 0 or num_shifts > num_locations:
        raise ValueError(
            f"the number of shifts must be odd and at most the {num_locations} locations, "
            f"not {num_shifts}"
        )
    max_shift = num_shifts // 2
    around_the_circle = functional.pad(weighting, (max_shift, max_shift), mode="circular")
    neighborhoods = around_the_circle.unfold(-1, num_shifts, 1)  # (B, H, N, S)
    return (neighborhoods @ shift_weighting.flip(-1).unsqueeze(-1)).squeeze(-1)


def sharpen(weighting: Tensor, sharpening: Tensor) -> Tensor:
    r"""Concentrate each weighting on its largest entries (equation 9).

    $$ w_t(i) = \tilde w_t(i)^{\gamma_t} / \sum_j \tilde w_t(j)^{\gamma_t} $$

    The rotation before this step blurs a weighting whenever the shift weighting is not
    one-hot; sharpening undoes the blur. Powers are taken in the log domain, where a large
    exponent cannot underflow.

    Args:
        weighting: Rotated weighting :math:`\tilde w_t`, shape ``(B, H, N)``.
        sharpening: Exponent :math:`\gamma_t`, shape ``(B, H)``, at least one.

    Returns:
        Final weightings :math:`w_t`, shape ``(B, H, N)``; each row sums to one.

    Raises:
        ValueError: If ``sharpening`` does not have one value per row of ``weighting``.

    Example:
        >>> w = torch.tensor([[[0.5, 0.25, 0.25]]])
        >>> sharpen(w, torch.tensor([[2.0]]))
        tensor([[[0.6667, 0.1667, 0.1667]]])
    """
    if sharpening.shape != weighting.shape[:-1]:
        raise ValueError(
            f"sharpening must have shape {tuple(weighting.shape[:-1])}, "
            f"one value per head, but has {tuple(sharpening.shape)}"
        )
    return (sharpening.unsqueeze(-1) * (weighting + SHARPENING_EPSILON).log()).softmax(-1)


def address(
    memory: Tensor, previous_weighting: Tensor, parameters: AddressingParameters
) -> Tensor:
    """Move heads from their last weighting to their next (figure 2, equations 5 to 9).

    Args:
        memory: Shape ``(B, N, M)``.
        previous_weighting: Shape ``(B, H, N)``.
        parameters: What the controller asks of these heads.

    Returns:
        Weightings, shape ``(B, H, N)``; each row sums to one.
    """
    by_content = content_weighting(memory, parameters.key, parameters.key_strength)
    gated = interpolate(by_content, previous_weighting, parameters.interpolation_gate)
    return sharpen(shift(gated, parameters.shift_weighting), parameters.sharpening)
