"""Whether a layer may be read instead of called.

A kernel reads a layer's weight and bias. That is the same as calling it only if the layer is
linear with a bias and nobody listens to the call or changed what it does.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.module import _has_any_global_hook


def differs_from_linear(layer: nn.Module, bias: bool = True) -> str | None:
    """Return why a layer must be called, or None if its parameters say everything.

    A parametrized weight (`torch.nn.utils.parametrize`) is computed when it is read, so such
    a layer need not be called.

    Args:
        layer: Any module.
        bias: Whether it should have a bias.
    """
    kind = type(layer)
    if kind is not nn.Linear and (
        getattr(kind, "forward", None) is not nn.Linear.forward
        or kind.__call__ is not nn.Module.__call__
    ):
        return f"is a {kind.__name__}"
    if "forward" in layer.__dict__:
        return "has a forward of its own"
    if (
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    ):
        return "has hooks"
    parameters = layer._parameters
    own_bias = parameters["bias"] if "bias" in parameters else layer.bias  # noqa: SIM401
    if (own_bias is not None) != bias:
        return "has no bias" if bias else "has a bias"
    return None


def member(module: nn.Module, name: str) -> Any:
    """Return a parameter, part or buffer of a module as ``getattr`` does, in less time.

    A network reads about twenty in each call: at batch size 1 that can be told.

    Args:
        module: The module.
        name: Its name; what is parametrized is computed.
    """
    for members in (module._parameters, module._modules, module._buffers):
        found = members.get(name)
        if found is not None:
            return found
    return getattr(module, name)


def any_global_hook() -> bool:
    """Return whether someone listens to the calls of all modules."""
    return bool(_has_any_global_hook())
