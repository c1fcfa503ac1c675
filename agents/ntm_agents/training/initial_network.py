"""The network that a run begins with."""

from __future__ import annotations

import torch
from torch import nn

from ntm_agents.networks import build_network
from ntm_agents.ntm.module import NTM
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.random_state import seeded


def initial_network(config: TrainingConfig) -> nn.Module:
    """Draw a run's initial weights, which its seed decides.

    Raises:
        ValueError: If the options do not fit the network, or an entropy penalty is given
            and it has no heads.
    """
    with seeded(config.seed, torch.device("cpu")):
        return draw_network(config)


def draw_network(config: TrainingConfig) -> nn.Module:
    """Draw the same weights where the generators have just been seeded; see `seeded`."""
    network = build_network(config.network, config.make_network_options())
    if config.entropy_penalty is not None and not isinstance(network, NTM):
        raise ValueError(
            f"entropy_penalty must be left out for {config.network}, which has no heads"
        )
    return network
