"""Networks by name, so that a third party's network trains and competes like ours."""

from __future__ import annotations

import contextlib
import inspect
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ntm_gym.names import import_by_name


def build_network(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Build a network from its name.

    A network is called ``logits, state = network(inputs, state=None)``, batch first. A
    factory with an attribute ``config_class`` receives one such object made from the options,
    any other callable receives the options themselves.

    Args:
        name: ``"package.module:factory"``, imported here: name only what you trust.
        options: Keyword arguments; ``input_size`` and ``output_size`` are always among them.

    Returns:
        The network, in torch's default dtype on the CPU.

    Raises:
        ValueError: If the name cannot be found, the options do not fit, or the network's own
            code fails.
    """
    factory = find_by_name("network", name)
    if not callable(factory):
        raise ValueError(f"{name!r} must make a torch module, but cannot be called")
    config_class = getattr(factory, "config_class", None)
    _check_options(name, config_class or factory, options)
    with reporting_failures(f"network {name!r} cannot be built"):
        network = (
            factory(**options) if config_class is None else factory(config_class(**options))
        )
    if not isinstance(network, nn.Module):
        raise ValueError(f"{name!r} must make a torch module, not {type(network).__name__}")
    return network


def find_by_name(kind: str, name: str) -> Any:
    """Import what a user names.

    Args:
        kind: What it is, for the error.
        name: ``"package.module:attribute"``, imported here: name only what you trust.

    Raises:
        ValueError: If it does not exist or cannot be imported.
    """
    what = f"there is no {kind} {name!r}"
    with reporting_failures(what):
        try:
            return import_by_name(name)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


@contextlib.contextmanager
def reporting_failures(what: str) -> Iterator[None]:
    """Turn whatever a network's own code raises into an error that says what it did not do.

    An error of this kind that was reported already, and a message of ours, stay as they are.

    Args:
        what: Begins the message.

    Raises:
        ValueError: If the code raises anything but an interrupt.
    """
    try:
        yield
    except ValueError as error:
        if _is_ours(error):
            raise
        raise ValueError(f"{what}: {_describe(error)}") from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"{what}: {_describe(error)}") from error


def _check_options(name: str, factory: Any, options: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # builtins need not have one
        return
    try:
        signature.bind(**options)
    except TypeError as error:
        raise ValueError(f"network {name!r} does not take these options: {error}") from error


def _is_ours(error: BaseException) -> bool:
    """Return whether an error was raised by this distribution, in words meant for the user."""
    frames = list(traceback.walk_tb(error.__traceback__))
    raised_in = frames[-1][0].f_globals.get("__name__", "") if frames else ""
    return raised_in.partition(".")[0] in ("ntm_agents", "ntm_baselines", "ntm_gym")


def _describe(error: BaseException) -> str:
    """Return the kind of an error, its message, and the innermost line that raised it."""
    message = " ".join(str(error).split())
    if message and (isinstance(error, ImportError) or _is_ours(error)):
        return message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f" ({Path(frame.filename).name}, line {frame.lineno})"
    return f"{type(error).__name__}{f': {message}' if message else ''}{where}"
