"""Episodes as pictures: a row per channel, a column per step, as in the paper's figures."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RENDER_MODES = ["ansi", "rgb_array", *(["human"] if find_spec("pygame") else [])]
"""A window needs pygame, which comes with the extra ``human``."""

_SHADES = " ░▒▓█"
_MOST_COLUMNS = 1_000
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
    values: NDArray[Any]
    shown: NDArray[np.bool_]


class EpisodePicture:
    """Inputs, targets and the answers so far of one episode.

    All images of an environment have one size, that of its longest episode. Behind a shorter
    episode the image is empty; of a longer one, as an option of `reset` may ask for, it shows
    as many steps as it has columns, those around the current one.

    Args:
        inputs: Shape ``(T, I)``.
        targets: Shape ``(T, O)``.
        target_mask: Which steps are scored, shape ``(T,)``.
        input_bounds: Least and greatest value that inputs can hold.
        max_steps: Columns of an image, but at most 1,000.
    """

    def __init__(
        self,
        inputs: NDArray[np.float32],
        targets: NDArray[np.int8],
        target_mask: NDArray[np.bool_],
        input_bounds: tuple[float, float],
        max_steps: int,
    ) -> None:
        """Draw what does not depend on answers."""
        self._columns = min(max_steps, _MOST_COLUMNS)
        self._inputs = _scale(inputs, input_bounds)
        self._targets, self._target_mask = targets.astype(np.float32), target_mask
        self._answers = np.zeros(targets.shape, np.float32)
        self._num_answers = 0

    def record(self, answer: Any) -> None:
        """Add the answer to one more step, bits or probabilities, shape ``(O,)``."""
        self._answers[self._num_answers] = answer
        self._num_answers += 1

    def text(self) -> str:
        """Draw it as text: ``█`` is 1, a blank 0, ``·`` nothing asked or answered yet."""
        panels = self._panels(slice(None))
        return "\n".join(f"{panel.title}\n{_ansi_rows(panel)}" for panel in panels)

    def image(self) -> NDArray[np.uint8]:
        """Draw it as an image: white is 1, black 0, dark blue nothing asked or answered yet.

        Returns:
            Shape ``(height, width, 3)``; a square for each value, smaller in longer episodes.
        """
        steps = self._visible_steps()
        panels = self._panels(steps)
        height = 1 + sum(panel.values.shape[1] + 1 for panel in panels)
        small = np.empty((height, self._columns, 3), np.uint8)
        small[:] = _GAP
        row = 1
        for panel in panels:
            channels = panel.values.shape[1]
            gray = np.clip(np.rint(panel.values.T * 255), 0, 255).astype(np.uint8)
            area = small[row : row + channels, : gray.shape[1]]
            area[:] = gray[..., None]
            area[:, ~panel.shown] = _NOT_ASKED
            row += channels + 1
        cell = int(np.clip(_WIDEST // max(small.shape), _SMALLEST_CELL, _LARGEST_CELL))
        cell -= cell % 2  # sides of even length, as most video codecs need
        return small.repeat(cell, axis=0).repeat(cell, axis=1)

    def _visible_steps(self) -> slice:
        """Return the steps around the current one for which there are columns."""
        ahead = self._columns // 4
        first = self._num_answers + ahead - self._columns
        first = int(np.clip(first, 0, max(0, len(self._inputs) - self._columns)))
        return slice(first, first + self._columns)

    def _panels(self, steps: slice) -> list[Panel]:
        inputs, mask = self._inputs[steps], self._target_mask[steps]
        answered = np.arange(len(self._inputs))[steps] < self._num_answers
        return [
            Panel("inputs", inputs, np.ones(len(inputs), np.bool_)),
            Panel("targets", self._targets[steps], mask),
            Panel("answers", self._answers[steps], mask & answered),
        ]


def _scale(inputs: NDArray[np.float32], bounds: tuple[float, float]) -> NDArray[np.float64]:
    """Leave channels of bits as they are, and let the others use the whole scale."""
    low, high = bounds
    bits = ((inputs == 0) | (inputs == 1)).all(0)
    return np.where(bits, inputs, (inputs.astype(np.float64) - low) / (high - low))


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


class Window:
    """A window on the screen, by pygame.

    Args:
        frames_per_second: How long a picture stays.
    """

    def __init__(self, frames_per_second: int) -> None:
        """Open nothing yet."""
        self._frames_per_second = frames_per_second
        self._screen: Any = None
        self.closed_by_user = False
        """Whether the user has closed it; then it stays closed."""

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show an image, and wait until the next is due.

        Args:
            image: Shape ``(height, width, 3)``.

        Raises:
            OSError: If there is no screen.
        """
        if self.closed_by_user:
            return
        import pygame

        size = image.shape[1], image.shape[0]
        if self._screen is None or self._screen.get_size() != size:
            try:
                pygame.display.init()
                self._screen = pygame.display.set_mode(size)
            except pygame.error as error:
                raise OSError(f"a window cannot be opened: {error}") from error
            pygame.display.set_caption("ntm-gym")
            self._clock = pygame.time.Clock()
        self._screen.blit(pygame.surfarray.make_surface(image.swapaxes(0, 1)), (0, 0))
        pygame.display.flip()
        self._clock.tick(self._frames_per_second)
        if pygame.event.get(pygame.QUIT):
            self.closed_by_user = True
            self.close()
        else:
            pygame.event.clear()

    def close(self) -> None:
        """Close the window."""
        if self._screen is not None:
            import pygame

            pygame.display.quit()
            self._screen = None
