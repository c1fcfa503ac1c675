"""What a task is: episodes as a pure function of parameters and key."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.scalars import take_python_numbers
from ntm_gym.tasks.parameters import MOST_NUMBERS
from ntm_gym.tasks.rows import Rows

if TYPE_CHECKING:
    from typing_extensions import Self


class Episodes(NamedTuple):
    """A batch of episodes, each zero-padded to the longest of the batch.

    Attributes:
        inputs: What the agent observes, shape ``(B, T, I)``, float32.
        targets: The right answer at each scored step, bits, and zero elsewhere, shape
            ``(B, T, O)``, int8.
        target_mask: Which steps are scored, shape ``(B, T)``, bool.
        lengths: Steps in each episode, shape ``(B,)``, int64.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.int8]
    target_mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]


class CompactEpisodes(NamedTuple):
    """The same, where what is shown or asked for more than once is written down once.

    A repeated copy of ten vectors is ten rows and a list of their numbers, not a hundred
    rows: much less to write, and to keep in a cache.

    Attributes:
        rows: What an episode is made of.
        program: At each step, the number of the row that is shown and of the one that is asked
            for, shape ``(B, T + 1, 2)``, integers; 0 where nothing is shown, or nothing
            scored, and behind the end, so at least once.
        lengths: Steps in each episode, shape ``(B,)``, int64.
    """

    rows: Rows
    program: NDArray[Any]
    lengths: NDArray[np.int64]


def expand(compact: CompactEpisodes) -> Episodes:
    """Write everything down at every step."""
    steps = int(compact.lengths.max(initial=0))
    shown, asked = compact.program[:, :steps, 0], compact.program[:, :steps, 1]
    rows = compact.rows
    return Episodes(rows.shown(shown), rows.asked(asked), asked > 0, compact.lengths)


def compress(episodes: Episodes) -> CompactEpisodes:
    """Number the steps, and let each show and ask for its own row."""
    inputs, targets, target_mask, lengths = episodes
    number = np.arange(1, inputs.shape[1] + 1)
    program = make_program(number * (number <= lengths[:, None]), number * target_mask)
    before = ((0, 0), (1, 0), (0, 0))
    rows = Rows(np.pad(inputs, before), np.pad(targets, before))
    return CompactEpisodes(rows, program, lengths)


def make_program(
    shown: NDArray[np.integer[Any]], asked: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """Put together the numbers of what is shown and asked for.

    Args:
        shown: Shape ``(P, T)`` or ``(T,)``.
        asked: Shape ``(P, T)``.

    Returns:
        Shape ``(P, T + 1, 2)``, zero at the last step, of the smallest type that will do.
    """
    batch_size, steps = asked.shape
    greatest = max(int(shown.max(initial=0)), int(asked.max(initial=0)))
    program = np.zeros((batch_size, steps + 1, 2), np.min_scalar_type(-greatest - 1))
    program[:, :-1, 0], program[:, :-1, 1] = shown, asked
    return program


@dataclasses.dataclass(frozen=True)
class Task(ABC):
    """A family of episodes; its dataclass fields are the parameters, all JSON-serializable.

    An episode depends on the parameters and its key alone: never on the batch it is sampled
    in, on the order, or on the machine.

    Raises:
        ValueError: If a parameter is impossible, or an episode would hold more than
            `MOST_NUMBERS` numbers.
    """

    def __post_init__(self) -> None:
        """Take NumPy's numbers as Python's, and check the parameters."""
        take_python_numbers(self)
        self.check_parameters()
        if self.size > MOST_NUMBERS:
            raise ValueError(
                f"an episode may hold at most {MOST_NUMBERS} numbers, but one of "
                f"{self.max_steps} steps with {self.input_size} inputs and {self.output_size} "
                f"outputs holds {self.size}"
            )

    def check_parameters(self) -> None:  # noqa: B027
        """Raise a `ValueError` if a parameter is impossible; accepts all unless overridden."""

    @property
    def size(self) -> int:
        """Numbers of the longest possible episode, at most `MOST_NUMBERS`."""
        return int(self.max_steps) * int(self.input_size + self.output_size)

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Channels of an observation (I)."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """Bits of an answer (O)."""

    @property
    @abstractmethod
    def max_steps(self) -> int:
        """Steps of the longest possible episode."""

    @abstractmethod
    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys.

        Args:
            keys: One key per episode, shape ``(B,)``, uint64.

        Returns:
            Episodes; row ``b`` depends on ``keys[b]`` alone.
        """

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the same episodes as `sample` in their compact form, for the environments."""
        return compress(self.sample(keys))

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the best possible answers, worked out from the inputs alone.

        Optional: a task that defines it has an oracle, the ceiling of every table, and is
        thereby shown to be solvable. It must be causal: the answer to a step depends on that
        step and the ones before.

        Args:
            inputs: Episodes from their first step, shape ``(B, T, I)``.

        Returns:
            Probability that each bit is one, shape ``(B, T, O)``.

        Raises:
            ValueError: If the task has no oracle.
        """
        raise ValueError(f"{type(self).__name__} has no oracle: it does not define solve")

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Least and greatest value that an observation can hold."""
        return 0.0, 1.0

    def parameters(self) -> dict[str, Any]:
        """Return the constructor arguments, ready for JSON."""
        return dataclasses.asdict(self)

    def replace(self, **changes: Any) -> Self:
        """Return the task with other parameters.

        Args:
            **changes: Parameters by name. Where there are ``min_x`` and ``max_x``, ``x``
                stands for both.

        Raises:
            ValueError: If a parameter is unknown or its value impossible.
        """
        expanded: dict[str, Any] = {}
        for name, value in changes.items():
            expanded.update(dict.fromkeys(self.expand_name(name), value))
        return dataclasses.replace(self, **expanded)

    def expand_name(self, name: str) -> list[str]:
        """Return the parameters that a name stands for: ``x`` may mean ``min_x, max_x``.

        Raises:
            ValueError: If there is no such parameter.
        """
        names = [field.name for field in dataclasses.fields(self)]
        both = [f"min_{name}", f"max_{name}"]
        if name not in names and not set(both) <= set(names):
            raise ValueError(
                f"{type(self).__name__} has the parameters {', '.join(names)}, not {name!r}"
            )
        return [name] if name in names else both


class CompactTask(Task):
    """A task that says what is shown and asked for by number; `sample` follows from that."""

    @abstractmethod
    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; row ``b`` depends on ``keys[b]`` alone."""

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys; see `Task.sample`."""
        return expand(self.sample_compact(keys))
