"""Which backend runs the recurrent core."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Iterable
from types import ModuleType
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from ntm_agents.kernels import custom_operator, reference
from ntm_agents.kernels.core import Run
from ntm_agents.kernels.triton_tape import check_memory_fits
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
        name = _name_of_backend(backend, device.type, dtype, config, plain_because)
        return custom_operator.RUNS.get(name, reference.run)
    return _choose(backend, device, dtype, config, plain_because)


def _choose(
    backend: Backend,
    device: torch.device,
    dtype: torch.dtype,
    config: NTMConfig | None,
    plain_because: str | None,
) -> Run:
    if backend == "reference":
        return reference.run
    if backend != "auto":
        if plain_because is not None:
            raise ValueError(f"backend {backend!r} cannot run this network: {plain_because}")
        return _LOADERS[backend](device, dtype, config)
    fastest = _FASTEST.get(device.type)
    if fastest is not None and plain_because is not None:
        say_once(f"the NTM runs on plain torch: {plain_because}")
        return reference.run
    if fastest is None or dtype not in _DTYPES:
        return reference.run
    try:
        return _LOADERS[fastest](device, dtype, config)
    except ValueError as error:
        say_once(f"the NTM runs on plain torch: {error}")
        return reference.run


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
def _name_of_backend(
    backend: Backend,
    device_type: str,
    dtype: torch.dtype,
    config: NTMConfig | None,
    plain_because: str | None,
) -> str:
    """Return which backend runs, for a compiler, which cannot look into the choice."""
    run = _choose(backend, torch.device(device_type), dtype, config, plain_because)
    return run.__module__.rpartition(".")[2]


def selects_numba(backend: Backend, device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether `select_backend` takes the Numba kernels."""
    if device.type != "cpu" or backend not in ("auto", "numba"):
        return False
    return select_backend(backend, device, dtype).__module__ == f"{__package__}.numba_cpu"


def _load_numba(device: torch.device, dtype: torch.dtype, config: NTMConfig | None) -> Run:
    if device.type != "cpu" or dtype not in _DTYPES:
        raise ValueError(
            f"backend 'numba' needs float32 or float64 on cpu, not {dtype} on {device}"
        )
    module = import_kernels("numba_cpu")
    if isinstance(module, str):
        raise ValueError(f"backend 'numba' needs numba: {module}")
    run: Run = module.run
    return run


def _load_triton(device: torch.device, dtype: torch.dtype, config: NTMConfig | None) -> Run:
    if config is not None:
        check_memory_fits(config)
    module = import_kernels("triton_gpu")
    if isinstance(module, str):
        raise ValueError(f"backend 'triton' needs triton: {module}")
    if device.type != ("cpu" if module.INTERPRETED else "cuda") or dtype not in _DTYPES:
        raise ValueError(
            "backend 'triton' needs float32 or float64 on cuda, or on cpu with "
            f"TRITON_INTERPRET=1, not {dtype} on {device}"
        )
    run: Run = module.run
    return run


_LOADERS = {"numba": _load_numba, "triton": _load_triton}
_FASTEST = {"cpu": "numba", "cuda": "triton"}


@functools.cache
def import_kernels(name: str) -> ModuleType | str:
    """Return a module of this package, or why it cannot be imported; tried only once."""
    try:
        if name.startswith("numba"):
            importlib.import_module("ntm_agents.kernels.compile_notice").announce_compilation()
        if name.startswith("triton"):
            _check_triton()
        return importlib.import_module(f"ntm_agents.kernels.{name}")
    except (ImportError, RuntimeError) as error:
        return str(error)


def _check_triton() -> None:
    """Raise ImportError for a Triton that the kernels do not run on; older torch brings one."""
    version = importlib.import_module("triton").__version__
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_TRITON:
        wanted = ".".join(map(str, _OLDEST_TRITON))
        raise ImportError(f"it must be {wanted} or newer, not {version}")


@functools.cache
def say_once(line: str) -> None:
    """Log a warning, the same one only once."""
    _LOGGER.warning(line)
