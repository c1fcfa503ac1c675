"""Devices and threads that a user names, and what a result says of them."""

from __future__ import annotations

import importlib.metadata
import platform

import torch

_PACKAGES = ("ntm-gym", "torch", "numpy", "gymnasium")


def find_device(name: str) -> torch.device:
    """Return a device after computing something on it.

    Args:
        name: As torch names it, such as ``"cpu"`` or ``"cuda:1"``.

    Raises:
        ValueError: If this machine has no such device, or it holds no numbers.
    """
    try:
        device = torch.device(name)
        torch.ones(1, device=device).add_(1).item()
        if device.type == "cpu" and device.index:
            raise ValueError("a cpu has no index")
    except Exception as error:  # torch raises five kinds of errors here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"the device must be one of this machine, such as cpu, not {name!r}: {reason}"
        ) from error
    return device


def find_threads(threads: int) -> int:
    """Return a number of threads that torch can start.

    Raises:
        ValueError: If it is not between 1 and 1024.
    """
    if not 1 <= threads <= 1024:
        raise ValueError(f"threads must lie between 1 and 1024, not be {threads}")
    return threads


def describe_device(device: torch.device) -> str:
    """Return what a result says of the device on which it was computed."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} thread(s)"


def find_versions(*packages: str) -> dict[str, str]:
    """Return the versions of the packages that decide a result, and of Python.

    Args:
        *packages: Names besides those that every training uses.
    """
    names = (*_PACKAGES, *packages)
    versions = {name: importlib.metadata.version(name) for name in names}
    return versions | {"python": platform.python_version()}
