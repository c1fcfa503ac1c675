"""What the NTM is compared with: the paper's LSTM, and agents whose scores are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntm_baselines.lstm import LSTM, LSTMConfig, LSTMState

__all__ = ["LSTM", "LSTMConfig", "LSTMState"]


def __getattr__(name: str) -> object:
    """Import torch only for those who ask for a network."""
    if name in __all__:
        from ntm_baselines import lstm

        return getattr(lstm, name)
    raise AttributeError(f"module 'ntm_baselines' has no attribute {name!r}")
