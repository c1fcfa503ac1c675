"""Recipes: runs by name, ours and the paper's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.paper_recipes import PAPER_RECIPES
from ntm_gym.tasks import TASKS

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
_GRU = TrainingConfig(
    network="ntm_baselines:GRU",
    network_options={"hidden_size": 128, "num_layers": 2},
    sequences=64_000,
    batch_size=8,
    learning_rate=1e-3,
    decay_fraction=0.25,
)
_TRANSFORMER = TrainingConfig(
    network="ntm_baselines:Transformer",
    network_options={"hidden_size": 64, "num_layers": 3, "num_heads": 4},
    sequences=80_000,
    batch_size=16,
    learning_rate=3e-4,
    decay_fraction=0.25,
    report_every=1_600,
)
_AUGMENTATION = {"augmentation": 0.1}
_REPEAT_COPY = {
    **_AUGMENTATION,
    "entropy_penalty": 0.0001,
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
            **_AUGMENTATION,
            entropy_penalty=0.0005,
            entropy_penalty_from="solved",
            solved_below=0.05,
            sequences=200_000,
            decay_fraction=1.0,
        ),
        "copy/ntm-lstm": _for_task(
            "copy",
            _NTM_LSTM,
            **_AUGMENTATION,
            solved_below=0.05,
            sequences=200_000,
            decay_fraction=0.4,
            max_gradient_norm=2.0,
        ),
        "copy/lstm": _for_task("copy", _with_options(_LSTM, num_layers=3, hidden_size=256)),
        "copy/gru": _GRU,
        "copy/transformer": _TRANSFORMER,
        "repeat_copy/ntm-ff": _for_task(
            "repeat_copy", _with_options(_NTM_FEEDFORWARD, **_REPEAT_COPY_START), **_REPEAT_COPY
        ),
        "repeat_copy/ntm-lstm": _for_task(
            "repeat_copy",
            _with_options(_NTM_LSTM, **_REPEAT_COPY_START, initial_forget=-3.0),
            **_REPEAT_COPY,
        ),
        "repeat_copy/lstm": _for_task(
            "repeat_copy",
            _with_options(_LSTM, num_layers=3, hidden_size=512),
            sequences=100_000,
        ),
        "associative_recall/ntm-ff": _for_task(
            "associative_recall",
            _with_options(
                _NTM_FEEDFORWARD,
                controller_size=256,
                num_read_heads=4,
                initial_strength=4.0,
                memory_start="shared",
            ),
            **_AUGMENTATION,
            solved_below=0.5,
            sequences=120_000,
            decay_fraction=0.5,
            max_gradient_norm=2.0,
        ),
        "associative_recall/ntm-lstm": _for_task(
            "associative_recall",
            _with_options(_NTM_LSTM, initial_strength=4.0, memory_start="shared"),
            **_AUGMENTATION,
            solved_below=0.5,
            sequences=80_000,
            decay_fraction=0.5,
        ),
        "associative_recall/lstm": _for_task(
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
        "priority_sort/ntm-ff": _for_task(
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
        "priority_sort/ntm-lstm": _for_task(
            "priority_sort",
            _with_options(_NTM_LSTM, controller_layers=2, num_read_heads=5, num_write_heads=5),
            **_BATCHES_OF_FOUR,
            sequences=500_000,
            learning_rate=3e-4,
            decay_fraction=0.5,
        ),
        "priority_sort/lstm": _for_task(
            "priority_sort", _with_options(_LSTM, num_layers=3, hidden_size=128)
        ),
        **PAPER_RECIPES,
    }
)
"""Ours, what worked best of what was tried; the paper's own under ``paper/``."""


NETWORKS: Mapping[str, TrainingConfig] = MappingProxyType(
    {
        "ntm-ff": _NTM_FEEDFORWARD,
        "ntm-lstm": _NTM_LSTM,
        "lstm": _LSTM,
        "gru": _GRU,
        "transformer": _TRANSFORMER,
    }
)
"""What a network is trained by on a task that it has no recipe for."""

_FORMER_TASK_NAMES = {
    "repeat-copy": "repeat_copy",
    "recall": "associative_recall",
    "sort": "priority_sort",
}
"""Recipes were once named so; the commands in entries still are."""


def find_recipe(name: str) -> TrainingConfig:
    """Return a recipe.

    Args:
        name: ``TASK/NETWORK`` or ``paper/TASK/NETWORK``: a key of `RECIPES`, or any registered
            task and a key of `NETWORKS`.

    Raises:
        ValueError: If there is no such recipe.
    """
    *words, task, network = ("", *name.split("/"))
    current = _FORMER_TASK_NAMES.get(task, task)
    recipe = RECIPES.get("/".join([*words, current, network]).lstrip("/"))
    if recipe is not None:
        return recipe
    if words == [""] and current in TASKS and network in NETWORKS:
        return dataclasses.replace(NETWORKS[network], task=current)
    raise ValueError(
        f"the recipe must be one of {', '.join(RECIPES)}, or TASK/NETWORK with a task of "
        f"{', '.join(TASKS)} and a network of {', '.join(NETWORKS)}, not {name!r}"
    )
