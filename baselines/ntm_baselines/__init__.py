"""The networks that the NTM is compared with."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntm_baselines.gru import GRU, GRUConfig
    from ntm_baselines.lstm import LSTM, LSTMConfig, LSTMState
    from ntm_baselines.transformer import Transformer, TransformerConfig, TransformerState

__all__ = [
    "GRU",
    "LSTM",
    "GRUConfig",
    "LSTMConfig",
    "LSTMState",
    "Transformer",
    "TransformerConfig",
    "TransformerState",
]

_MODULES = {"GRU": "gru", "LSTM": "lstm", "Transformer": "transformer"}


def __getattr__(name: str) -> object:
    """Import torch only for those who ask for a network."""
    if name in __all__:
        network = name.removesuffix("Config").removesuffix("State")
        return getattr(importlib.import_module(f"ntm_baselines.{_MODULES[network]}"), name)
    raise AttributeError(f"module 'ntm_baselines' has no attribute {name!r}")
