"""Memory: what heads do where they look (Graves et al. 2014, sections 3.1 and 3.2).

Letters: ``B`` batch, ``H`` heads, ``N`` locations, ``M`` word size.
"""

from __future__ import annotations

from functools import reduce
from operator import mul

from torch import Tensor


def read(memory: Tensor, weighting: Tensor) -> Tensor:
    r"""Read from every location at once, in proportion to the weighting (equation 2).

    $$ r_t = \sum_i w_t(i) M_t(i) $$

    Args:
        memory: Shape ``(B, N, M)``.
        weighting: Shape ``(B, H, N)``; each row sums to one.

    Returns:
        Read vectors, shape ``(B, H, M)``.
    """
    return weighting @ memory


def erase(memory: Tensor, weighting: Tensor, erase_vector: Tensor) -> Tensor:
    r"""Fade what the write heads look at (equation 3).

    $$ \tilde M_t(i) = M_{t-1}(i) \prod_h (1 - w^h_t(i) e^h_t) $$

    Args:
        memory: :math:`M_{t-1}`, shape ``(B, N, M)``.
        weighting: Shape ``(B, H, N)``.
        erase_vector: :math:`e_t`, shape ``(B, H, M)``, in (0, 1).

    Returns:
        Memory, shape ``(B, N, M)``; the order of the heads does not matter. Multiplied head by
        head, for the gradient of `Tensor.prod` waits for the device.
    """
    kept = 1 - weighting.unsqueeze(-1) * erase_vector.unsqueeze(-2)  # (B, H, N, M)
    return reduce(mul, kept.unbind(1), memory)


def add(memory: Tensor, weighting: Tensor, add_vector: Tensor) -> Tensor:
    r"""Add to what the write heads look at (equation 4).

    $$ M_t(i) = \tilde M_t(i) + \sum_h w^h_t(i) a^h_t $$

    Args:
        memory: :math:`\tilde M_t`, shape ``(B, N, M)``.
        weighting: Shape ``(B, H, N)``.
        add_vector: :math:`a_t`, shape ``(B, H, M)``.

    Returns:
        Memory, shape ``(B, N, M)``.
    """
    return memory + weighting.transpose(1, 2) @ add_vector


def write(
    memory: Tensor, weighting: Tensor, erase_vector: Tensor, add_vector: Tensor
) -> Tensor:
    """Write with every head: all erases come before all adds (equations 3 and 4).

    Args:
        memory: Shape ``(B, N, M)``.
        weighting: Shape ``(B, H, N)``.
        erase_vector: Shape ``(B, H, M)``, in (0, 1).
        add_vector: Shape ``(B, H, M)``.

    Returns:
        Memory, shape ``(B, N, M)``.
    """
    return add(erase(memory, weighting, erase_vector), weighting, add_vector)
