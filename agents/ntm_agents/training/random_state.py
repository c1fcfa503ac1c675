"""All random numbers that a network can draw: seeded, kept, and given back."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ntm_agents.networks import reporting_failures

_PREFIX = "generator."
_TORCH, _DEVICE, _NUMPY, _PYTHON = (
    f"{_PREFIX}{name}" for name in ("torch", "device", "numpy", "python")
)


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Let a seed decide every random number, and leave the caller's generators as they were.

    Args:
        seed: Between 0 and ``2**64 - 1``; of torch on the CPU and on the device, and of the
            global generators of numpy and Python.
        device: Where the network is.
    """
    before = random_state(device)
    torch.manual_seed(seed)  # on all devices
    np.random.seed([seed % 2**32, seed // 2**32])  # noqa: NPY002, the one that others draw from
    random.seed(seed)
    try:
        yield
    finally:
        set_random_state(before, device)


def random_state(device: torch.device, network: nn.Module | None = None) -> dict[str, Tensor]:
    """Return the state of all generators, as tensors that a checkpoint can hold.

    Args:
        device: Where the network is.
        network: Its modules' own ``torch.Generator`` attributes are included.
    """
    state = {
        _TORCH: torch.get_rng_state(),
        _NUMPY: _as_tensor(_json_of_numpy()),
        _PYTHON: _as_tensor(json.dumps(random.getstate())),
    }
    on_device = _generators_of(device)
    if on_device is not None:
        state[_DEVICE] = on_device.get_rng_state(device)
    return state | {name: own.get_state() for name, own in _own_generators(network).items()}


def set_random_state(
    state: dict[str, Tensor], device: torch.device, network: nn.Module | None = None
) -> None:
    """Bring all generators where they were.

    Args:
        state: From `random_state`; a generator that it does not hold stays as it is.
        device: Where the network is.
        network: See `random_state`.

    Raises:
        ValueError: If a state is damaged.
    """
    with reporting_failures("the states of the random generators are damaged"):
        if _TORCH in state:
            torch.set_rng_state(state[_TORCH])
        if _NUMPY in state:
            name, keys, *rest = json.loads(_as_text(state[_NUMPY]))
            np.random.set_state((name, np.array(keys, np.uint32), *rest))  # noqa: NPY002
        if _PYTHON in state:
            version, internal, gauss = json.loads(_as_text(state[_PYTHON]))
            random.setstate((version, tuple(internal), gauss))
        on_device = _generators_of(device)
        if on_device is not None and _DEVICE in state:
            on_device.set_rng_state(state[_DEVICE], device)
        for name, own in _own_generators(network).items():
            if name in state:
                own.set_state(state[name])


def _generators_of(device: torch.device) -> Any:
    """Return torch's module for the generators of a device; None for a CPU's."""
    module = getattr(torch, device.type, None)
    return module if device.type != "cpu" and hasattr(module, "get_rng_state") else None


def _own_generators(network: nn.Module | None) -> dict[str, torch.Generator]:
    return {
        f"{_PREFIX}own.{path}.{name}": value
        for path, module in (network.named_modules() if network is not None else ())
        for name, value in vars(module).items()
        if isinstance(value, torch.Generator)
    }


def _json_of_numpy() -> str:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return json.dumps([name, np.asarray(keys).tolist(), *rest])


def _as_tensor(text: str) -> Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def _as_text(tensor: Tensor) -> str:
    return bytes(tensor.tolist()).decode()
