"""Episodes as text: a row per channel, a column per step, as in the paper's figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SHADES = " ░▒▓█"


def render_ansi(
    inputs: NDArray[np.float32],
    targets: NDArray[np.int8],
    target_mask: Sequence[bool],
    answers: Sequence[NDArray[Any]],
) -> str:
    """Draw an episode.

    Args:
        inputs: Shape ``(T, I)``.
        targets: Shape ``(T, O)``.
        target_mask: Which steps are scored, length T.
        answers: Bits or probabilities of the steps answered so far, each ``(O,)``.

    Returns:
        Three panels, inputs, targets and answers; ``█`` is 1, a blank 0, and ``·`` stands
        where nothing is asked or nothing was answered yet.
    """
    scored = np.array(target_mask, dtype=bool)
    answered = np.zeros(targets.shape)
    if answers:
        answered[: len(answers)] = answers
    shown = scored & (np.arange(len(scored)) < len(answers))
    panels = {
        "inputs": _panel(inputs.astype(np.float64), np.ones(len(inputs), bool)),
        "targets": _panel(targets.astype(np.float64), scored),
        "answers": _panel(answered, shown),
    }
    return "\n".join(f"{title}\n{panel}" for title, panel in panels.items())


def _panel(values: NDArray[np.float64], shown: NDArray[np.bool_]) -> str:
    levels = np.clip(np.rint(values * (len(_SHADES) - 1)), 0, len(_SHADES) - 1).astype(int)
    rows = [
        "".join(_SHADES[level] if show else "·" for level, show in zip(row, shown, strict=True))
        for row in levels.T
    ]
    return "\n".join(f"  {row}" for row in rows)
