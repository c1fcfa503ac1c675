"""What the paper's figures show, read off them by eye: within 5 %."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FINAL_BITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "copy": {"lstm": 0.5, "ntm-lstm": 0.0, "ntm-ff": 0.0},
        "repeat_copy": {"lstm": 0.0, "ntm-lstm": 0.0, "ntm-ff": 0.0},
        "associative_recall": {"lstm": 1.25, "ntm-lstm": 0.0, "ntm-ff": 0.0},
        "ngram": {"lstm": 136.0, "ntm-lstm": 133.5, "ntm-ff": 134.0},
        "priority_sort": {"lstm": 58.0, "ntm-lstm": 18.0, "ntm-ff": 20.0},
    }
)
"""Bits per sequence at the end of figures 3, 7, 10, 13 and 18, by task and network."""

RECALL_ITEMS = (6, 10, 15, 20)
RECALL_BITS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "lstm": (2.0, 36.0, 40.0, 38.0),
        "ntm-lstm": (0.0, 1.8, 4.8, 7.0),
        "ntm-ff": (0.0, 0.0, 1.5, 8.0),
    }
)
"""Bits per sequence in figure 11."""

NGRAM_OPTIMUM = 132.9
"""Mean cost of the optimal estimator (equation 10) over 20,000 simulated sequences."""
