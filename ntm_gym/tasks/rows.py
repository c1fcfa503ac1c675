"""What an episode is made of: a blank row, marks such as delimiters, and random vectors."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.keyed_random import random_bits, random_numbers

_MOST_BITS_SPELLED = 10


class Mark(NamedTuple):
    """A row that is not a vector.

    Attributes:
        input_channel: The channel that is one when it is shown.
        answer_channel: The channel that is one when it is asked for; None if it never is.
    """

    input_channel: int
    answer_channel: int | None = None


class Rows(NamedTuple):
    """The rows of a batch of episodes, as they are shown and as they are asked for.

    Row 0 is zero.

    Attributes:
        inputs: An alphabet, shape ``(V, I)``, float32; or the rows themselves, ``(B, R, I)``,
            any real dtype.
        answers: The same, ``(V, O)`` or ``(B, R, O)``, int8.
        symbols: The number of each row in the alphabet, shape ``(B, R)``; None without one. An
            alphabet depends on the input size and the output size alone.
        reals: What the channel ``real_channel`` holds, if it holds more than bits, shape
            ``(B, R)``, float32.
        real_channel: See ``reals``.
        first_vector: Number of the first random vector, which all rows from there on are; None
            where the rows are something else. With it, training may augment the episodes.
    """

    inputs: NDArray[Any]
    answers: NDArray[np.int8]
    symbols: NDArray[np.int16] | None = None
    reals: NDArray[np.float32] | None = None
    real_channel: int = 0
    first_vector: int | None = None

    @property
    def num_rows(self) -> int:
        """Rows of an episode (R)."""
        rows: NDArray[Any] = self.inputs if self.symbols is None else self.symbols
        return int(rows.shape[1])

    def shown(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        """Return what the rows with these numbers show, ``(B, T, I)``, from ``(B, T)``."""
        inputs = self._look_up(self.inputs, numbers).astype(np.float32, copy=False)
        if self.reals is not None:
            inputs[..., self.real_channel] = _take(self.reals, numbers)
        return inputs

    def asked(self, numbers: NDArray[Any]) -> NDArray[np.int8]:
        """Return what the rows with these numbers ask for, ``(B, T, O)``, from ``(B, T)``."""
        return self._look_up(self.answers, numbers)

    def rearranged(self, sources: NDArray[np.int64]) -> Rows:
        """Return the rows with the bits of others in their place; reals stay where they are.

        Args:
            sources: Number of the row whose bits each row gets, shape ``(B, R)``.
        """
        if self.symbols is not None:
            return self._replace(symbols=_take(self.symbols, sources))
        return self._replace(
            inputs=_take(self.inputs, sources), answers=_take(self.answers, sources)
        )

    def _look_up(self, rows: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
        if self.symbols is None:
            return _take(rows, numbers)
        return rows.take(_take(self.symbols, numbers), axis=0)


def draw_rows(
    keys: NDArray[np.uint64],
    stream: int,
    count: int,
    num_bits: int,
    sizes: tuple[int, int],
    marks: tuple[Mark, ...],
) -> Rows:
    """Draw random vectors and put them behind a blank row and the marks.

    Short vectors are spelled: there are so few of them that a number stands for each.

    Args:
        keys: Shape ``(B,)``.
        stream: Where the bits come from.
        count: Vectors in an episode.
        num_bits: Bits of a vector.
        sizes: Input size and output size.
        marks: Rows 1 and on.

    Returns:
        ``1 + len(marks) + count`` rows for each key.
    """
    first = 1 + len(marks)
    if num_bits <= _MOST_BITS_SPELLED:
        symbols = np.empty((len(keys), first + count), np.int16)
        symbols[:, :first] = np.arange(first)
        symbols[:, first:] = random_numbers(keys, stream, count, num_bits)
        symbols[:, first:] += first
        return Rows(*_alphabet(num_bits, sizes, marks), symbols, first_vector=first)
    vectors = random_bits(keys, stream, count * num_bits).reshape(len(keys), count, num_bits)
    return Rows(*_behind_marks(vectors, sizes, marks), first_vector=first)


def _take(lists: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """Return for each ``b`` the items of ``lists[b]`` with the numbers ``numbers[b]``."""
    batch_size, length = lists.shape[:2]
    places = np.arange(batch_size)[:, None] * length + numbers
    return np.asarray(lists.reshape(-1, *lists.shape[2:]).take(places, axis=0))


@cache
def _alphabet(
    num_bits: int, sizes: tuple[int, int], marks: tuple[Mark, ...]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    vectors = np.arange(2**num_bits)[:, None] >> np.arange(num_bits) & 1
    inputs, answers = _behind_marks(vectors.astype(np.int8)[None], sizes, marks)
    return inputs[0].astype(np.float32), answers[0]


def _behind_marks(
    vectors: NDArray[np.int8], sizes: tuple[int, int], marks: tuple[Mark, ...]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    batch_size, count, num_bits = vectors.shape
    first = 1 + len(marks)
    inputs, answers = (np.zeros((batch_size, first + count, size), np.int8) for size in sizes)
    for number, mark in enumerate(marks, start=1):
        inputs[:, number, mark.input_channel] = 1
        if mark.answer_channel is not None:
            answers[:, number, mark.answer_channel] = 1
    inputs[:, first:, :num_bits] = answers[:, first:, :num_bits] = vectors
    return inputs, answers
