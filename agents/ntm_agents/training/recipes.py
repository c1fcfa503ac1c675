"""Recipes: runs by name, ours and the paper's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.paper_recipes import PAPER_RECIPES

_NTM_FEEDFORWARD = TrainingConfig(
    network_options={"controller": "feedforward"}, decay_fraction=0.25
)
_NTM_LSTM = TrainingConfig(network_options={"controller": "lstm"}, decay_fraction=0.25)
_LSTM = TrainingConfig(
    network="ntm_baselines:LSTM",
    sequences=200_000,
    batch_size=8,
    decay_fraction=0.25,
    report_every=4_000,
)
_COINCIDENCES = {"coincidences": 0.1}
_REPEAT_COPY = {
    **_COINCIDENCES,
    "blur_penalty": 0.0001,
    "solved_below": 1.0,
    "sequences": 150_000,
    "decay_fraction": 0.6,
    "max_gradient_norm": 2.0,
}
_REPEAT_COPY_START = {"initial_focus": 4.0, "initial_strength": 4.0, "memory_start": "shared"}
_BATCHES_OF_FOUR = {"batch_size": 4, "report_every": 8_000}


def _with_options(config: TrainingConfig, **options: object) -> TrainingConfig:
    return dataclasses.replace(config, network_options={**config.network_options, **options})


def _for_task(
    task: str, config: TrainingConfig, **changes: int | float | str
) -> TrainingConfig:
    return dataclasses.replace(config, task=task, **changes)  # type: ignore[arg-type]


_NGRAM_ONE_HEAD = _for_task(
    "ngram",
    _with_options(_NTM_FEEDFORWARD, initial_focus=4.0, initial_strength=2.0),
    sequences=240_000,
    decay_fraction=0.6,
    report_every=4_000,
)

RECIPES: Mapping[str, TrainingConfig] = MappingProxyType(
    {
        "copy/ntm-ff": _for_task(
            "copy",
            _NTM_FEEDFORWARD,
            **_COINCIDENCES,
            blur_penalty=0.0005,
            blur_penalty_from="solved",
            solved_below=0.05,
            sequences=200_000,
            decay_fraction=1.0,
        ),
        "copy/ntm-lstm": _for_task(
            "copy",
            _NTM_LSTM,
            **_COINCIDENCES,
            solved_below=0.05,
            sequences=200_000,
            decay_fraction=0.4,
            max_gradient_norm=2.0,
        ),
        "copy/lstm": _for_task("copy", _with_options(_LSTM, num_layers=3, hidden_size=256)),
        "copy/gru": TrainingConfig(
            network="ntm_baselines:GRU",
            network_options={"hidden_size": 128, "num_layers": 2},
            sequences=64_000,
            batch_size=8,
            learning_rate=1e-3,
            decay_fraction=0.25,
        ),
        "copy/transformer": TrainingConfig(
            network="ntm_baselines:Transformer",
            network_options={"hidden_size": 64, "num_layers": 3, "num_heads": 4},
            sequences=80_000,
            batch_size=16,
            learning_rate=3e-4,
            decay_fraction=0.25,
            report_every=1_600,
        ),
        "repeat-copy/ntm-ff": _for_task(
            "repeat_copy", _with_options(_NTM_FEEDFORWARD, **_REPEAT_COPY_START), **_REPEAT_COPY
        ),
        "repeat-copy/ntm-lstm": _for_task(
            "repeat_copy",
            _with_options(_NTM_LSTM, **_REPEAT_COPY_START, initial_forget=-3.0),
            **_REPEAT_COPY,
        ),
        "repeat-copy/lstm": _for_task(
            "repeat_copy",
            _with_options(_LSTM, num_layers=3, hidden_size=512),
            sequences=100_000,
        ),
        "recall/ntm-ff": _for_task(
            "associative_recall",
            _with_options(
                _NTM_FEEDFORWARD,
                controller_size=256,
                num_read_heads=4,
                initial_strength=4.0,
                memory_start="shared",
            ),
            **_COINCIDENCES,
            solved_below=0.5,
            sequences=120_000,
            decay_fraction=0.5,
            max_gradient_norm=2.0,
        ),
        "recall/ntm-lstm": _for_task(
            "associative_recall",
            _with_options(_NTM_LSTM, initial_strength=4.0, memory_start="shared"),
            **_COINCIDENCES,
            solved_below=0.5,
            sequences=80_000,
            decay_fraction=0.5,
        ),
        "recall/lstm": _for_task(
            "associative_recall", _with_options(_LSTM, num_layers=3, hidden_size=256)
        ),
        "ngram/ntm-ff": _for_task(
            "ngram",
            _with_options(
                _NTM_FEEDFORWARD,
                num_read_heads=4,
                num_write_heads=4,
                initial_focus=0.0,
                initial_strength=4.0,
            ),
            sequences=400_000,
            decay_fraction=0.6,
            max_gradient_norm=1.0,
            report_every=4_000,
        ),
        "ngram/ntm-ff-one-head": _NGRAM_ONE_HEAD,
        "ngram/ntm-ff-256": _with_options(_NGRAM_ONE_HEAD, memory_size=256),
        "ngram/ntm-lstm": _for_task(
            "ngram",
            _with_options(_NTM_LSTM, initial_focus=0.0, initial_strength=4.0),
            **_BATCHES_OF_FOUR,
            sequences=240_000,
            learning_rate=2e-4,
            decay_fraction=0.5,
        ),
        "ngram/lstm": _for_task("ngram", _with_options(_LSTM, num_layers=3, hidden_size=128)),
        "sort/ntm-ff": _for_task(
            "priority_sort",
            _with_options(
                _NTM_FEEDFORWARD,
                controller_size=512,
                num_read_heads=8,
                num_write_heads=8,
                initial_focus=0.0,
                initial_strength=4.0,
            ),
            sequences=500_000,
            batch_size=4,
            learning_rate=2e-4,
            decay_fraction=0.6,
            report_every=4_000,
        ),
        "sort/ntm-lstm": _for_task(
            "priority_sort",
            _with_options(_NTM_LSTM, controller_layers=2, num_read_heads=5, num_write_heads=5),
            **_BATCHES_OF_FOUR,
            sequences=500_000,
            learning_rate=3e-4,
            decay_fraction=0.5,
        ),
        "sort/lstm": _for_task(
            "priority_sort", _with_options(_LSTM, num_layers=3, hidden_size=128)
        ),
        **PAPER_RECIPES,
    }
)
"""Ours, what worked best of what was tried; the paper's own under ``paper/``."""


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
