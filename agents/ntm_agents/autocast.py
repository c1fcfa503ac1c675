"""Mixed precision: a recurrent network computes in the precision of its parameters.

Sharp addressing and long sequences do not bear half precision, so under `torch.autocast`
inputs and states of half precision are cast, and autocast is off inside.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import torch
from torch import Tensor


def autocast_enabled(like: Tensor) -> bool:
    """Return whether autocast is on for the device that a tensor is on."""
    kind = like.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


Given = TypeVar("Given", bound=Any)


def raised(given: Given, like: Tensor) -> Given:
    """Return a tensor, or a tuple of tensors, with numbers of half precision cast.

    Args:
        given: Anything; what is no tensor of half precision comes back as it is.
        like: Has the dtype to cast to.
    """
    if isinstance(given, (tuple, list)):
        return cast(Given, tuple(raised(part, like) for part in given))
    if isinstance(given, Tensor) and given.dtype in (torch.float16, torch.bfloat16):
        return cast(Given, given.to(like.dtype))
    return given
