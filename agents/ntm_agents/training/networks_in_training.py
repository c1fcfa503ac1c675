"""The network that a run trains, and the one that it publishes."""

from __future__ import annotations

import torch
from torch import nn

from ntm_agents.networks import build_network
from ntm_agents.ntm import NTM
from ntm_agents.training.config import TrainingConfig


def initial_network(config: TrainingConfig) -> nn.Module:
    """Draw a run's initial weights, which its seed decides.

    Raises:
        ValueError: If the options do not fit the network, or the run asks something of a
            memory that it does not have.
    """
    options = config.make_network_options()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = build_network(config.network, options)
        if config.training_memory_size is not None:
            _check_memory(network, config, "training_memory_size")
            options["memory_size"] = config.training_memory_size
            network = build_network(config.network, options)
    if config.blur_penalty is not None:
        _check_memory(network, config, "blur_penalty")
    return network


def published_network(config: TrainingConfig, network: nn.Module) -> nn.Module:
    """Return a network in training over the memory that its options ask for."""
    if config.training_memory_size is None:
        return network
    assert isinstance(network, NTM)
    return network.with_memory_size(
        NTM.config_class(**config.make_network_options()).memory_size
    )


def _check_memory(network: nn.Module, config: TrainingConfig, field: str) -> None:
    if not isinstance(network, NTM):
        raise ValueError(f"{field} must be left out for {config.network}, which has no memory")
