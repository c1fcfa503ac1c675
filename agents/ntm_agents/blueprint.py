"""Building a stranger's network without believing its description.

It is built on torch's meta device first, where tensors have shapes and no numbers, and given up
as soon as it is larger than its file of weights. What fits is built again to be loaded.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registration

from ntm_agents.networks import build_network
from ntm_agents.option_types import check_option_types
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS
from ntm_gym.names import import_by_name
from ntm_gym.tensor_files import FLOATS, TensorFile
from ntm_gym.untrusted import MOST_INTEGER, short_repr

MOST_STATE_NUMBERS = 2**24
"""Numbers that a network may carry from one step to the next for one sequence."""
MOST_UNITS = 2**16
"""Rows that a matrix of weights may have: numbers that a layer puts out in a step."""

_Network = TypeVar("_Network", bound=nn.Module)
_SLACK = 1000
_PARTS_A_TENSOR = 16
_SPARE_NUMBERS = 2**20
_DTYPES = {
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


class _TooLarge(ValueError):
    """A network is larger than its weights."""


def build_checked(
    where: str, name: str, options: Mapping[str, Any], file: TensorFile
) -> nn.Module:
    """Build the network whose weights a file holds; see `check_blueprint`.

    Args:
        where: Which file, for error messages.
        name: Of the network, which is trusted; see `build_network`.
        options: Its options, which are not.
        file: The weights.

    Returns:
        The network, with weights of its own.

    Raises:
        ValueError: As `check_blueprint`.
    """
    check_blueprint(where, name, options, file)
    try:
        return build_network(name, options)
    except Exception as error:
        raise _cannot_build(where, name, error) from error


def check_blueprint(
    where: str, name: str, options: Mapping[str, Any], file: TensorFile
) -> None:
    """Check that a network is the one whose weights a file holds, before it is built.

    Args:
        where: Which file, for error messages.
        name: Of the network, which is trusted; see `build_network`.
        options: Its options, which are not.
        file: The weights.

    Raises:
        ValueError: If the network cannot be built, or its parameters and buffers have other
            names, shapes or dtypes, or it is too large to be judged.
    """
    network = _draw(where, name, options, file)
    check_tensors(where, name, network, file)
    shapes = [info.shape for info in file.tensors.values()]
    units = max((shape[0] for shape in shapes if len(shape) > 1), default=0)
    if units > MOST_UNITS:
        raise ValueError(
            f"{where} must have matrices of at most {MOST_UNITS} rows, not {units}"
        )
    numbers = _state_numbers(where, network)
    if numbers > MOST_STATE_NUMBERS:
        raise ValueError(
            f"{where} must keep a state of at most {MOST_STATE_NUMBERS} numbers a sequence, "
            f"not {numbers}"
        )


def draw_with_numbers(
    options: Any, file: TensorFile, build: Callable[[], _Network]
) -> _Network:
    """Build what cannot be built on the meta device, as long as it is no larger than its file.

    Args:
        options: What decides its sizes, as JSON can hold it.
        file: The weights.
        build: Builds it.

    Raises:
        ValueError: If a size, or all that is built, is much larger than the file; besides
            whatever ``build`` raises.
    """
    _check_sizes(options, _SPARE_NUMBERS + 4 * file.size)
    with _bounded(file):
        return build()


def check_tensors(where: str, name: str, network: nn.Module, file: TensorFile) -> None:
    """Check that a file holds just the parameters and buffers of a network.

    Args:
        where: Which file, for error messages.
        name: Of the network, likewise.
        network: Its tensors need not have numbers.
        file: The weights.

    Raises:
        ValueError: If names, shapes or dtypes differ.
    """
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    given = {key: info.shape for key, info in file.tensors.items()}
    if expected != given:
        differing = sorted(
            key for key in expected | given if expected.get(key) != given.get(key)
        )
        shown = ", ".join(differing[:8]) + (", …" if len(differing) > 8 else "")
        raise ValueError(f"{where} does not fit {name!r}: {shown} differ")
    for key, value in network.state_dict().items():
        dtype = file.tensors[key].dtype
        wanted = FLOATS if value.is_floating_point() else {_DTYPES.get(value.dtype)}
        if dtype not in wanted:
            raise ValueError(
                f"{where} does not fit {name!r}: {key} must be of {value.dtype}, not {dtype}"
            )


def count_numbers(state: Any) -> int:
    """Return how many numbers a (nested) tuple of tensors has.

    Args:
        state: A recurrent state.
    """
    if isinstance(state, Tensor):
        return state.numel()
    return sum(map(count_numbers, state)) if isinstance(state, (tuple, list)) else 0


def _draw(where: str, name: str, options: Mapping[str, Any], file: TensorFile) -> nn.Module:
    """Build a network on the meta device, as long as it is no larger than its file."""
    try:
        _check_sizes(options, MOST_INTEGER)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    config_class = getattr(import_by_name(name), "config_class", None)
    if config_class is not None:
        check_option_types(name, config_class, options)
    try:
        with _bounded(file), torch.device("meta"):
            return build_network(name, options)
    except _TooLarge as error:
        raise ValueError(f"{where} does not fit {name!r}: {error}") from error
    except Exception as error:
        if name in TRUSTED_NETWORKS:
            raise _cannot_build(where, name, error) from error
    try:  # it may read its own numbers when it is built
        return draw_with_numbers(options, file, lambda: build_network(name, options))
    except Exception as error:
        raise _cannot_build(where, name, error) from error


def _cannot_build(where: str, name: str, error: Exception) -> ValueError:
    if isinstance(error, ValueError):
        return ValueError(f"{where}: {_first_line(error)}")
    return ValueError(
        f"{where}: network {name!r} cannot be built of its options: "
        f"{type(error).__name__}: {_first_line(error)}"
    )


def _check_sizes(options: Any, most: int) -> None:
    """Refuse numbers that cannot be sizes, however deep they lie."""
    if isinstance(options, Mapping | list):
        for value in options.values() if isinstance(options, Mapping) else options:
            _check_sizes(value, most)
    elif isinstance(options, float) and not math.isfinite(options):
        raise ValueError(f"options must be finite, not {options}")
    elif isinstance(options, int) and abs(options) > most:
        raise ValueError(f"options must be at most {most}, not {short_repr(options)}")


@contextlib.contextmanager
def _bounded(file: TensorFile) -> Iterator[None]:
    """Let a network have no more parts and numbers than its file could fill."""
    most_parts = _SLACK + _PARTS_A_TENSOR * len(file.tensors)
    most_numbers = _SPARE_NUMBERS + 4 * file.size
    parts = numbers = 0

    def count(module: nn.Module, name: str, part: Tensor | nn.Module | None) -> None:
        nonlocal parts, numbers
        parts += 1
        numbers += part.numel() if isinstance(part, Tensor) else 0
        if parts > most_parts or numbers > most_numbers:
            raise _TooLarge(
                f"its options ask for more than the {len(file.tensors)} tensors and "
                f"{file.size} numbers that there are"
            )

    hooks = (
        registration.register_module_parameter_registration_hook(count),
        registration.register_module_buffer_registration_hook(count),
        registration.register_module_module_registration_hook(count),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _state_numbers(where: str, network: nn.Module) -> int:
    """Return the size of a state; zero where a network does not tell it."""
    make_state = getattr(network, "initial_state", None)
    if make_state is None:
        return 0
    try:
        with torch.no_grad(), torch.device("meta"):
            return count_numbers(make_state(1))
    except NotImplementedError:
        return 0
    except Exception as error:
        raise ValueError(f"{where} has no state to begin with: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return an error's message without the stack that torch adds to its own."""
    return next(iter(str(error)[:300].splitlines()), type(error).__name__)
