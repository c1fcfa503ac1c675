"""Which backend runs the recurrent core."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from types import ModuleType
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from ntm_agents.kernels import custom_operator, reference
from ntm_agents.kernels.core import Run
from ntm_agents.kernels.triton.tape import check_memory_fits
from ntm_agents.ntm.config import NTMConfig

Backend = Literal["auto", "reference", "numba", "triton"]
_DTYPES = (torch.float32, torch.float64)
_OLDEST_TRITON = (3, 6)
"""As in the extra ``gpu``."""
_LOGGER = logging.getLogger(__name__)


def check_backend(backend: Backend) -> Backend:
    """Return the name of a backend.

    Raises:
        ValueError: If there is none of this name.
    """
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {get_args(Backend)}, not {backend!r}")
    return backend


def select_backend(
    backend: Backend,
    device: torch.device,
    dtype: torch.dtype,
    config: NTMConfig | None = None,
    plain_because: str | None = None,
) -> Run:
    """Return the named backend, or the fastest one that fits.

    ``"auto"`` takes Numba on a CPU and Triton on a CUDA device. Where that cannot be used, the
    reference runs, and one line of the log says why.

    Args:
        backend: One of `Backend`.
        device: Where the tensors are.
        dtype: What they hold.
        config: The sizes, which Triton has limits for; not checked if None.
        plain_because: Why kernels cannot run what is wanted, whatever the rest; None if they
            can.

    Raises:
        ValueError: If the backend cannot run there.
    """
    if torch.compiler.is_compiling():
        chosen = _choose_when_compiling(backend, device.type, dtype, config, plain_because)
        return custom_operator.RUNS.get(chosen, reference.run)
    chosen = _choose(backend, device, dtype, config, plain_because)
    if chosen == "numba":
        from ntm_agents.kernels.numba.cpu import run as run_numba

        return run_numba
    if chosen == "triton":
        from ntm_agents.kernels.triton.gpu import run as run_triton

        return run_triton
    return reference.run


def _choose(
    backend: Backend,
    device: torch.device,
    dtype: torch.dtype,
    config: NTMConfig | None,
    plain_because: str | None,
) -> Backend:
    """Return the backend that runs, which is not ``"auto"``; see `select_backend`."""
    if backend == "reference":
        return "reference"
    if backend != "auto":
        if plain_because is not None:
            raise ValueError(f"backend {backend!r} cannot run this network: {plain_because}")
        _CHECKS[backend](device, dtype, config)
        return backend
    fastest = _FASTEST.get(device.type)
    if fastest is not None and plain_because is not None:
        say_once(f"the NTM runs on plain torch: {plain_because}")
        return "reference"
    if fastest is None or dtype not in _DTYPES:
        return "reference"
    try:
        _CHECKS[fastest](device, dtype, config)
    except ValueError as error:
        say_once(f"the NTM runs on plain torch: {error}")
        return "reference"
    return fastest


def beyond_kernels(tensors: Iterable[Tensor]) -> str | None:
    """Return why numbers behind these tensors cannot be read by a kernel, or None.

    Args:
        tensors: All that the network computes with.
    """
    if torch.compiler.is_compiling():
        return None
    if torch._C._are_functorch_transforms_active():
        return "torch.func transforms it"
    if forward_ad._current_level >= 0:
        return "it is differentiated forward"
    for kind in {type(tensor) for tensor in tensors}:
        if kind not in _READABLE:
            return f"it holds a {kind.__name__}"
    return None


_READABLE = (Tensor, nn.Parameter)


@custom_operator.constant_for_compilers
def _choose_when_compiling(
    backend: Backend,
    device_type: str,
    dtype: torch.dtype,
    config: NTMConfig | None,
    plain_because: str | None,
) -> Backend:
    """Return which backend runs, for a compiler, which cannot look into the choice."""
    return _choose(backend, torch.device(device_type), dtype, config, plain_because)


def selects_numba(backend: Backend, device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether `select_backend` takes the Numba kernels."""
    if device.type != "cpu" or backend not in ("auto", "numba"):
        return False
    return _choose(backend, device, dtype, None, None) == "numba"


def training_kernels() -> ModuleType | None:
    """Return the module with the loops of a training step, or None without Numba."""
    if numba_missing() is not None:
        return None
    from ntm_agents.kernels.numba import training

    return training


def _check_numba(device: torch.device, dtype: torch.dtype, config: NTMConfig | None) -> None:
    if device.type != "cpu" or dtype not in _DTYPES:
        raise ValueError(
            f"backend 'numba' needs float32 or float64 on cpu, not {dtype} on {device}"
        )
    missing = numba_missing()
    if missing is not None:
        raise ValueError(f"backend 'numba' needs numba: {missing}")


def _check_triton(device: torch.device, dtype: torch.dtype, config: NTMConfig | None) -> None:
    if config is not None:
        check_memory_fits(config)
    missing = triton_missing()
    if missing is not None:
        raise ValueError(f"backend 'triton' needs triton: {missing}")
    from ntm_agents.kernels.triton.gpu import INTERPRETED

    if device.type != ("cpu" if INTERPRETED else "cuda") or dtype not in _DTYPES:
        raise ValueError(
            "backend 'triton' needs float32 or float64 on cuda, or on cpu with "
            f"TRITON_INTERPRET=1, not {dtype} on {device}"
        )


_CHECKS = {"numba": _check_numba, "triton": _check_triton}
_FASTEST: dict[str, Backend] = {"cpu": "numba", "cuda": "triton"}


@functools.cache
def numba_missing() -> str | None:
    """Return why the Numba kernels cannot be imported, or None; tried only once."""
    try:
        from ntm_agents.kernels.numba.lang.notice import announce_compilation

        announce_compilation()
        from ntm_agents.kernels.numba.cpu import run  # noqa: F401
    except (ImportError, RuntimeError) as error:
        return str(error)
    return None


@functools.cache
def triton_missing() -> str | None:
    """Return why the Triton kernels cannot be imported, or None; tried only once."""
    try:
        from triton import __version__ as version

        # An older one, which an older torch brings, does not run the kernels.
        if tuple(map(int, version.split(".")[:2])) < _OLDEST_TRITON:
            wanted = ".".join(map(str, _OLDEST_TRITON))
            return f"it must be {wanted} or newer, not {version}"
        from ntm_agents.kernels.triton.gpu import run  # noqa: F401
    except (ImportError, RuntimeError) as error:
        return str(error)
    return None


@functools.cache
def say_once(line: str) -> None:
    """Log a warning, the same one only once."""
    _LOGGER.warning(line)
