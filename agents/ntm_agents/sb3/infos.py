"""The information of a vector environment, taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np


def info_of(info: dict[str, Any], index: int) -> dict[str, Any]:
    """Return one environment's part of the information of a vector environment.

    Gymnasium puts ``name`` beside a mask ``_name`` that says which environments have told
    something; parts that are dicts again are made likewise, without a limit to the depth.

    Args:
        info: Of all environments.
        index: Which environment.

    Returns:
        What it has told, without masks. What has no mask and no row for each environment is
        for all.
    """
    found: dict[str, Any] = {}
    for name, value in info.items():
        if name.startswith("_") and name[1:] in info:
            continue
        mask = info.get(f"_{name}")
        if mask is not None and not mask[index]:
            continue
        if isinstance(value, dict):
            found[name] = info_of(value, index)
        elif mask is not None or (isinstance(value, np.ndarray) and value.ndim > 0):
            found[name] = value[index]
        else:
            found[name] = value
    return found
