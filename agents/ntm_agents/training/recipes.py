"""Recipes: runs by name, ours and the paper's (Tables 1 to 3)."""

from __future__ import annotations

from types import MappingProxyType

from ntm_agents.training.config import TrainingConfig

_COPY_NTM = {"initial_focus": 10.0}

RECIPES = MappingProxyType(
    {
        "copy/ntm-ff": TrainingConfig(
            task="copy",
            network="ntm_agents:NTM",
            network_options={"controller": "feedforward", **_COPY_NTM},
            sequences=120_000,
            decay_fraction=0.25,
        ),
        "copy/ntm-lstm": TrainingConfig(
            task="copy",
            network="ntm_agents:NTM",
            network_options={"controller": "lstm", **_COPY_NTM},
            sequences=120_000,
            decay_fraction=0.25,
        ),
        "copy/lstm": TrainingConfig(
            task="copy",
            network="ntm_baselines:LSTM",
            network_options={"hidden_size": 256, "num_layers": 3},
            sequences=200_000,
            decay_fraction=0.25,
            batch_size=8,
            learning_rate=1e-4,
            report_every=4_000,
        ),
    }
)
"""Ours: what works best of what was tried."""


def find_recipe(name: str) -> TrainingConfig:
    """Return a recipe.

    Args:
        name: A key of `RECIPES`.

    Raises:
        ValueError: If there is no such recipe.
    """
    if name not in RECIPES:
        raise ValueError(f"the recipe must be one of {', '.join(RECIPES)}, not {name!r}")
    return RECIPES[name]
