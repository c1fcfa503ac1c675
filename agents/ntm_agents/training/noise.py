"""Noise on the weights: a pure function of seed and position."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ntm_agents.training.config import TrainingConfig


def weight_noise(config: TrainingConfig, position: int, parameters: Tensor) -> Tensor | None:
    """Return what is added to the parameters (Graves 2011), or None if nothing is.

    Args:
        config: The run.
        position: Sequences seen before.
        parameters: Shape ``(P,)``.
    """
    if config.weight_noise is None:
        return None
    generator = np.random.Generator(np.random.SFC64([config.seed, position]))
    noise = generator.standard_normal(len(parameters), np.float32)
    noise *= config.weight_noise
    return torch.from_numpy(noise).to(parameters)
