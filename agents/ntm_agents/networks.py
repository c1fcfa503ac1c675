"""Networks by name, so that a third party's network trains and competes like ours."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import nn


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
        ValueError: If the name cannot be found or the options do not fit.
    """
    module_name, separator, factory_name = name.partition(":")
    if not separator:
        raise ValueError(f"a network is named 'package.module:factory', not {name!r}")
    try:
        factory = getattr(importlib.import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"there is no network {name!r}: {error}") from error
    try:
        if hasattr(factory, "config_class"):
            network = factory(factory.config_class(**options))
        else:
            network = factory(**options)
    except TypeError as error:
        raise ValueError(f"network {name!r} does not take these options: {error}") from error
    if not isinstance(network, nn.Module):
        raise ValueError(f"{name!r} must make a torch module, not {type(network).__name__}")
    return network


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())
