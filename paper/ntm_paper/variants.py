"""Variants: a recipe with one thing changed, to find out what it is good for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ntm_agents.ntm.config import NTMConfig
from ntm_agents.training.config import TrainingConfig

_NESTED = ("task_parameters", "network_options")

Variant = Callable[[TrainingConfig], TrainingConfig]


def _with(**fields: Any) -> Variant:
    return lambda config: dataclasses.replace(config, **fields)


def _with_options(**options: Any) -> Variant:
    return lambda config: dataclasses.replace(
        config, network_options={**config.network_options, **options}
    )


def _with_cells(**options: Any) -> Variant:
    """Change options where there are cells: in an LSTM controller."""
    change = _with_options(**options)
    return lambda config: (
        change(config) if config.network_options.get("controller") == "lstm" else config
    )


def _times(factor: float) -> Variant:
    """Change the number of sequences, rounded up to a whole number of reports."""

    def change(config: TrainingConfig) -> TrainingConfig:
        reports = -(-config.sequences * factor // config.report_every)
        return dataclasses.replace(config, sequences=int(reports) * config.report_every)

    return change


def _hardest_only(config: TrainingConfig) -> TrainingConfig:
    """Train on the upper end of every range of the task."""
    parameters = config.make_task().parameters()
    hardest = {
        name: parameters[f"max_{name.removeprefix('min_')}"]
        for name in parameters
        if name.startswith("min_")
    }
    return dataclasses.replace(config, task_parameters={**config.task_parameters, **hardest})


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "focus-0": _with_options(initial_focus=0.0),
        "focus-2": _with_options(initial_focus=2.0),
        "focus-4": _with_options(initial_focus=4.0),
        "focus-10": _with_options(initial_focus=10.0),
        "memory-each": _with_options(memory_start="each"),
        "memory-shared": _with_options(memory_start="shared"),
        "cells-keep": _with_cells(initial_forget=0.0),
        "cells-forget": _with_cells(initial_forget=-3.0),
        "no-decay": _with(decay_fraction=0.0),
        "decay-half": _with(decay_fraction=0.5),
        "decay-throughout": _with(decay_fraction=1.0),
        "no-clipping": _with(max_gradient_norm=None, max_gradient_component=None),
        "component-clipping": _with(max_gradient_norm=None, max_gradient_component=10.0),
        "chance-only": _with(augmentation=None),
        "augmentation": _with(augmentation=0.1),
        "entropy-allowed": _with(entropy_penalty=None),
        "entropy-penalty": _with(entropy_penalty=0.0001, entropy_penalty_from="start"),
        "weight-noise": _with(weight_noise=0.05),
        "hardest-only": _hardest_only,
        "quarter-length": _times(0.25),
        "half-length": _times(0.5),
        "double-length": _times(2),
    }
)
"""What is changed, by the name of the variant."""

_FORMER_NAMES = {
    "blur-allowed": "entropy-allowed",
    "blur-penalty": "entropy-penalty",
    "coincidences": "augmentation",
}
"""Variants had these names before 0.2; folders of their runs still may."""


def find_variant(name: str) -> Variant:
    """Return a variant.

    Args:
        name: A key of `VARIANTS`.

    Raises:
        ValueError: If there is no such variant.
    """
    current = _FORMER_NAMES.get(name, name)
    if current not in VARIANTS:
        raise ValueError(f"the variant must be one of {', '.join(VARIANTS)}, not {name!r}")
    return VARIANTS[current]


def variant_folder(root: Path, recipe: str, variant: str) -> Path:
    """Return the folder that holds a variant's runs, ``seed-S``.

    Args:
        root: Of all runs.
        recipe: Name of the recipe.
        variant: Name of the variant.

    Example:
        >>> variant_folder(Path("runs"), "copy/ntm-ff", "no-decay").as_posix()
        'runs/variants/copy-ntm-ff/no-decay'
    """
    return variants_folder(root, recipe) / variant


def variants_folder(root: Path, recipe: str) -> Path:
    """Return the folder that holds all variants of a recipe."""
    return root / "variants" / recipe.replace("/", "-")


def differences(config: TrainingConfig, base: TrainingConfig) -> dict[str, Any]:
    """Return what differs from another configuration, seeds aside.

    Args:
        config: With the values that are returned.
        base: What it is compared with; an option that only this one has is None.
    """
    ours, theirs = (_flat(each) for each in (config, base))
    names = sorted(ours.keys() | theirs.keys())
    return {n: ours.get(n) for n in names if n != "seed" and ours.get(n) != theirs.get(n)}


def _flat(config: TrainingConfig) -> dict[str, Any]:
    """Return everything that a configuration says, defaults of task and NTM included."""
    options = config.make_network_options()
    if config.network == "ntm_agents:NTM":
        options = dataclasses.asdict(NTMConfig(**options))
    fields = config.to_json() | config.make_task().parameters() | options
    return {name: value for name, value in fields.items() if name not in _NESTED}
