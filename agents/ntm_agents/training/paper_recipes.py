"""The paper's experiments as it states them: Tables 1 to 3 and section 4.6."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ntm_agents.training.config import TrainingConfig

_SEQUENCES = 1_000_000


class NTMRow(NamedTuple):
    """A row of Table 1 or 2.

    Attributes:
        heads: Read heads, and as many write heads.
        controller_size: Units of a controller layer.
        controller_layers: Controller layers.
        learning_rate: Of RMSProp.
    """

    heads: int
    controller_size: int
    controller_layers: int
    learning_rate: float


class LSTMRow(NamedTuple):
    """A row of Table 3.

    Attributes:
        num_layers: Stacked layers.
        hidden_size: Units of a layer.
        learning_rate: Of RMSProp.
    """

    num_layers: int
    hidden_size: int
    learning_rate: float


TABLE_1: Mapping[str, NTMRow] = MappingProxyType(
    {
        "copy": NTMRow(1, 100, 1, 1e-4),
        "repeat_copy": NTMRow(1, 100, 1, 1e-4),
        "associative_recall": NTMRow(4, 256, 1, 1e-4),
        "ngram": NTMRow(1, 100, 1, 3e-5),
        "priority_sort": NTMRow(8, 512, 1, 3e-5),
    }
)
"""NTM with feed-forward controller."""

TABLE_2: Mapping[str, NTMRow] = MappingProxyType(
    {
        "copy": NTMRow(1, 100, 1, 1e-4),
        "repeat_copy": NTMRow(1, 100, 1, 1e-4),
        "associative_recall": NTMRow(1, 100, 1, 1e-4),
        "ngram": NTMRow(1, 100, 1, 3e-5),
        "priority_sort": NTMRow(5, 100, 2, 3e-5),
    }
)
"""NTM with LSTM controller."""

TABLE_3: Mapping[str, LSTMRow] = MappingProxyType(
    {
        "copy": LSTMRow(3, 256, 3e-5),
        "repeat_copy": LSTMRow(3, 512, 3e-5),
        "associative_recall": LSTMRow(3, 256, 1e-4),
        "ngram": LSTMRow(3, 128, 1e-4),
        "priority_sort": LSTMRow(3, 128, 3e-5),
    }
)
"""LSTM."""


def _ntm(task: str, controller: str, row: NTMRow) -> TrainingConfig:
    return TrainingConfig(
        task=task,
        network_options={
            "controller": controller,
            "controller_size": row.controller_size,
            "controller_layers": row.controller_layers,
            "num_read_heads": row.heads,
            "num_write_heads": row.heads,
        },
        sequences=_SEQUENCES,
        learning_rate=row.learning_rate,
        decay_fraction=0.0,
        max_gradient_component=10.0,
        max_gradient_norm=None,
    )


def _lstm(task: str, row: LSTMRow) -> TrainingConfig:
    return TrainingConfig(
        task=task,
        network="ntm_baselines:LSTM",
        network_options={"num_layers": row.num_layers, "hidden_size": row.hidden_size},
        sequences=_SEQUENCES,
        learning_rate=row.learning_rate,
        decay_fraction=0.0,
        max_gradient_component=10.0,
        max_gradient_norm=None,
    )


PAPER_RECIPES: Mapping[str, TrainingConfig] = MappingProxyType(
    {
        **{
            f"paper/{task}/ntm-ff": _ntm(task, "feedforward", TABLE_1[task]) for task in TABLE_1
        },
        **{f"paper/{task}/ntm-lstm": _ntm(task, "lstm", TABLE_2[task]) for task in TABLE_2},
        **{f"paper/{task}/lstm": _lstm(task, TABLE_3[task]) for task in TABLE_3},
    }
)
"""Constant rate, components clipped to ±10. What the paper leaves open (how the heads start,
the batch size, when a read sees a write) is as in our recipes."""
