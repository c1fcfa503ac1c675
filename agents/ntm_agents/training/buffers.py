"""A network's buffers, which a training step may change as it changes the parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from ntm_agents.training.random_state import random_state, set_random_state

_PREFIX = "buffer."


def buffer_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return all buffers that are set, also those that a published network leaves out."""
    return {
        f"{_PREFIX}{name}": buffer
        for name, (module, leaf) in _places(network).items()
        if (buffer := module._buffers[leaf]) is not None
    }


def has_persistent_buffers(network: nn.Module) -> bool:
    """Return whether a published network holds buffers: those that a step may change."""
    places = _places(network).items()
    return any(leaf not in module._non_persistent_buffers_set for _, (module, leaf) in places)


@torch.no_grad()
def set_buffers(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a network the buffers that another one, built alike, had.

    Args:
        network: Changed in place; a buffer that is not given is unset.
        tensors: From `buffer_tensors`; other names are left aside. A buffer may have another
            shape or dtype than the network's, as one that grows while training does.

    Raises:
        ValueError: If a name is not a buffer of the network; nothing is changed then.
    """
    given = {
        name.removeprefix(_PREFIX): tensor
        for name, tensor in tensors.items()
        if name.startswith(_PREFIX)
    }
    unknown = sorted(given.keys() - set(_places(network)))
    if unknown:
        raise ValueError(f"the network has no buffers {', '.join(unknown)}")
    for name, (module, leaf) in _places(network).items():
        buffer = module._buffers[leaf]
        if name not in given:
            module._buffers[leaf] = None
        elif buffer is not None and _alike(buffer, given[name]):
            buffer.copy_(given[name])
        else:
            module._buffers[leaf] = given[name].to(_device_of(network))


@contextlib.contextmanager
def preserved(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Undo what calling the network changes: buffers, its mode, and all random generators.

    Args:
        network: What is called.
        device: Where it is.
    """
    buffers = {name: tensor.clone() for name, tensor in buffer_tensors(network).items()}
    generators = random_state(device, network)
    modes = {module: module.training for module in network.modules()}
    try:
        yield
    finally:
        set_buffers(network, buffers)
        set_random_state(generators, device, network)
        for module, training in modes.items():
            module.training = training


def _places(network: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """Return where each buffer lies: the module and the name there, also of unset buffers."""
    return {
        f"{path}.{leaf}" if path else leaf: (module, leaf)
        for path, module in network.named_modules()
        for leaf in module._buffers
    }


def _alike(buffer: Tensor, other: Tensor) -> bool:
    return buffer.shape == other.shape and buffer.dtype == other.dtype


def _device_of(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
