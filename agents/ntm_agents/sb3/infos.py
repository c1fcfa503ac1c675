"""The information of a vector environment, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def infos_of(info: dict[str, Any], indices: Sequence[int]) -> list[dict[str, Any]]:
    """Return the parts of some environments in the information of a vector environment.

    Gymnasium puts ``name`` beside a mask ``_name`` that says which environments have told
    something; parts that are dicts again are made likewise, without a limit to the depth.

    Args:
        info: Of all environments.
        indices: Which environments.

    Returns:
        What each has told, without masks. What has no mask and no row for each environment is
        for all.
    """
    chosen = np.asarray(indices, np.int64)
    found: list[dict[str, Any]] = [{} for _ in indices]
    for name, value in info.items():
        if name.startswith("_") and name[1:] in info:
            continue
        mask = info.get(f"_{name}")
        values: Sequence[Any]
        if isinstance(value, dict):
            values = infos_of(value, indices)
        elif isinstance(value, np.ndarray) and value.ndim > 0:
            values = value[chosen]  # type: ignore[assignment]
        elif mask is not None:
            values = [value[index] for index in indices]
        else:
            values = [value] * len(found)
        if mask is None:
            for part, each in zip(found, values, strict=True):
                part[name] = each
        else:
            told = np.asarray(mask)[chosen].tolist()
            for part, each, has_told in zip(found, values, told, strict=True):
                if has_told:
                    part[name] = each
    return found
