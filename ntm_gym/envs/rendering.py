"""Episodes as pictures: a row per channel, a column per step, as in the paper's figures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RENDER_MODES = ["ansi", "rgb_array", *(["human"] if find_spec("pygame") else [])]
"""A window needs pygame, which comes with the extra ``human``."""

_SHADES = " ░▒▓█"
_WIDEST, _SMALLEST_CELL, _LARGEST_CELL = 1_600, 2, 16
_NOT_ASKED = np.array([38, 44, 66], np.uint8)
_GAP = np.array([96, 125, 139], np.uint8)


class Panel(NamedTuple):
    """One part of the picture.

    Attributes:
        title: What it shows.
        values: Between 0 and 1, shape ``(T, channels)``.
        shown: Steps that have a value, shape ``(T,)``.
    """

    title: str
    values: NDArray[np.float64]
    shown: NDArray[np.bool_]


def make_panels(
    inputs: NDArray[np.float32],
    targets: NDArray[np.int8],
    target_mask: NDArray[np.bool_],
    answers: Sequence[NDArray[Any]],
    input_bounds: tuple[float, float],
) -> list[Panel]:
    """Lay out an episode.

    Args:
        inputs: Shape ``(T, I)``.
        targets: Shape ``(T, O)``.
        target_mask: Which steps are scored, shape ``(T,)``.
        answers: Bits or probabilities of the steps answered so far, each ``(O,)``.
        input_bounds: Least and greatest value that inputs can hold.

    Returns:
        Inputs, targets, and answers so far.
    """
    answered = np.zeros(targets.shape)
    if answers:
        answered[: len(answers)] = answers
    return [
        Panel("inputs", _scale(inputs, input_bounds), np.ones(len(inputs), bool)),
        Panel("targets", targets.astype(np.float64), target_mask),
        Panel("answers", answered, target_mask & (np.arange(len(targets)) < len(answers))),
    ]


def _scale(inputs: NDArray[np.float32], bounds: tuple[float, float]) -> NDArray[np.float64]:
    """Leave channels of bits as they are, and let the others use the whole scale."""
    low, high = bounds
    bits = ((inputs == 0) | (inputs == 1)).all(0)
    return np.where(bits, inputs, (inputs.astype(np.float64) - low) / (high - low))


def render_ansi(panels: Sequence[Panel]) -> str:
    """Draw panels as text: ``█`` is 1, a blank 0, ``·`` nothing asked or answered yet."""
    return "\n".join(f"{panel.title}\n{_ansi_rows(panel)}" for panel in panels)


def _ansi_rows(panel: Panel) -> str:
    top = len(_SHADES) - 1
    levels = np.clip(np.rint(panel.values * top), 0, top).astype(int)
    rows = [
        "".join(
            _SHADES[level] if shown else "·"
            for level, shown in zip(row, panel.shown, strict=True)
        )
        for row in levels.T
    ]
    return "\n".join(f"  {row}" for row in rows)


def render_rgb(panels: Sequence[Panel]) -> NDArray[np.uint8]:
    """Draw panels as an image: white is 1, black 0, blue nothing asked or answered yet.

    Returns:
        Shape ``(height, width, 3)``; a square for each value, smaller in longer episodes.
    """
    steps = len(panels[0].shown)
    gap = np.broadcast_to(_GAP, (1, steps, 3))
    rows = [gap]
    for panel in panels:
        gray = np.clip(np.rint(panel.values.T * 255), 0, 255).astype(np.uint8)
        image = np.repeat(gray[..., None], 3, axis=-1)
        image[:, ~panel.shown] = _NOT_ASKED
        rows += [image, gap]
    cell = int(np.clip(_WIDEST // steps, _SMALLEST_CELL, _LARGEST_CELL))
    return np.concatenate(rows).repeat(cell, axis=0).repeat(cell, axis=1)


class Window:
    """A window on the screen, by pygame.

    Args:
        frames_per_second: How long a picture stays.
    """

    def __init__(self, frames_per_second: int) -> None:
        """Open nothing yet."""
        self._frames_per_second = frames_per_second
        self._screen: Any = None

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show an image, and wait until the next is due.

        Args:
            image: Shape ``(height, width, 3)``.
        """
        import pygame

        size = image.shape[1], image.shape[0]
        if self._screen is None or self._screen.get_size() != size:
            pygame.display.init()
            self._screen = pygame.display.set_mode(size)
            pygame.display.set_caption("ntm-gym")
            self._clock = pygame.time.Clock()
        pygame.event.pump()
        self._screen.blit(pygame.surfarray.make_surface(image.swapaxes(0, 1)), (0, 0))
        pygame.display.flip()
        self._clock.tick(self._frames_per_second)

    def close(self) -> None:
        """Close the window."""
        if self._screen is not None:
            import pygame

            pygame.display.quit()
            self._screen = None
