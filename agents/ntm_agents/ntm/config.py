"""What a Neural Turing Machine is made of: its sizes and how it starts."""

from __future__ import annotations

import dataclasses
import functools
from typing import Literal

from ntm_gym.scalars import take_python_numbers

Controller = Literal["feedforward", "lstm"]
MemoryStart = Literal["each", "shared"]
NamedShape = tuple[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class NTMConfig:
    """Sizes of a Neural Turing Machine; the defaults are those of Table 1 for copy.

    Attributes:
        input_size: Channels of an input step (I).
        output_size: Bits of an output step (O).
        controller: ``"feedforward"`` or ``"lstm"``.
        controller_size: Units of each controller layer (C).
        controller_layers: Controller layers (L), at least one.
        memory_size: Memory locations (N).
        word_size: Numbers stored at each location (M).
        num_read_heads: Heads that read (R), at least one.
        num_write_heads: Heads that write (W), at least one.
        max_shift: A head moves by at most this many locations a step; the shift weighting
            covers ``-max_shift … +max_shift`` (S = 2 · max_shift + 1 values).
        initial_focus: Initial logit of location 0 in the learned start of every weighting;
            the others start at zero. 0 spreads a head evenly over the memory, 10 puts more
            than 99 % of it on location 0. It decides what is learned: see the guide.
        initial_strength: Initial bias of every key strength before its softplus. At 0 a head
            finds all contents about alike when training begins; at 4 it already sees which is
            most like its key.
        initial_forget: Initial bias of every forget gate of an LSTM controller, before its
            sigmoid. At -3 its cells keep 5 % from one step to the next when training begins,
            and what is to last is learned to be kept in memory. A feed-forward controller has
            no cells.
        memory_start: ``"each"``: every location starts from a learned vector of its own;
            ``"shared"``: all start from the same one, so no location can be told by it.
        memory_scale: Standard deviation of these vectors' numbers when training begins.

    Raises:
        ValueError: If a size is not positive, or the controller or memory start is unknown.
    """

    input_size: int
    output_size: int
    controller: Controller = "feedforward"
    controller_size: int = 100
    controller_layers: int = 1
    memory_size: int = 128
    word_size: int = 20
    num_read_heads: int = 1
    num_write_heads: int = 1
    max_shift: int = 1
    initial_focus: float = 10.0
    initial_strength: float = 0.0
    initial_forget: float = 0.0
    memory_start: MemoryStart = "each"
    memory_scale: float = 0.3

    def __post_init__(self) -> None:
        """Check the sizes."""
        take_python_numbers(self)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if field.type == "int" and not (whole and value >= 1):
                raise ValueError(f"{field.name} must be a positive integer, not {value!r}")
        if self.controller not in ("feedforward", "lstm"):
            raise ValueError(
                f"controller must be 'feedforward' or 'lstm', not {self.controller!r}"
            )
        if self.memory_start not in ("each", "shared"):
            raise ValueError(
                f"memory_start must be 'each' or 'shared', not {self.memory_start!r}"
            )
        if self.num_shifts > self.memory_size:
            raise ValueError(
                f"max_shift {self.max_shift} needs at least {self.num_shifts} memory "
                f"locations, but memory_size is {self.memory_size}"
            )

    @property
    def num_shifts(self) -> int:
        """Values of a shift weighting (S)."""
        return 2 * self.max_shift + 1

    @property
    def num_heads(self) -> int:
        """Heads of both kinds (H); in every array the read heads come first."""
        return self.num_read_heads + self.num_write_heads

    @property
    def read_size(self) -> int:
        """Numbers in all read vectors together (R · M)."""
        return self.num_read_heads * self.word_size

    @property
    def features_size(self) -> int:
        """What the output layer sees: controller outputs beside the read vectors."""
        return self.controller_size + self.read_size

    @property
    def gates_size(self) -> int:
        """Pre-activations of one controller layer: C, or 4 · C for an LSTM (G)."""
        return self.controller_size * (4 if self.controller == "lstm" else 1)

    @property
    def controller_parts(self) -> int:
        """Vectors that a layer carries on: 2 for an LSTM, hidden state and cell, else 0."""
        return 2 if self.controller == "lstm" else 0

    @property
    def addressing_size(self) -> int:
        """Parameters that address one head: key, strength, gate, shifts, sharpening (A)."""
        return self.word_size + self.num_shifts + 3

    @property
    def head_parameters_size(self) -> int:
        """Parameters of all heads in one step; a write head also erases and adds (P)."""
        return self.num_heads * self.addressing_size + self.num_write_heads * 2 * self.word_size

    @functools.cached_property
    def state_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each field of `ntm_agents.ntm.state.NTMState`, without B."""
        return (
            ("memory", (self.memory_size, self.word_size)),
            ("weightings", (self.num_heads, self.memory_size)),
            ("read_vectors", (self.num_read_heads, self.word_size)),
            (
                "controller",
                (self.controller_parts, self.controller_layers, self.controller_size),
            ),
        )

    @functools.cached_property
    def start_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each learned start, in the order of `state_shapes`."""
        memory, weightings, read_vectors, controller = (shape for _, shape in self.state_shapes)
        return (
            ("initial_memory", memory if self.memory_start == "each" else (1, *memory[1:])),
            ("initial_weighting_logits", weightings),
            ("initial_read_vectors", read_vectors),
            ("initial_controller", controller),
        )

    @functools.cached_property
    def weight_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each parameter but the output layer's, the order of `Weights`."""
        gates, size, layers = self.gates_size, self.controller_size, self.controller_layers
        hidden = size if self.controller == "lstm" else 0
        return (
            ("input_layer.weight", (gates, self.input_size)),
            ("input_layer.bias", (gates,)),
            ("head_layer.weight", (self.head_parameters_size, size)),
            ("head_layer.bias", (self.head_parameters_size,)),
            *self.start_shapes,
            *(
                (
                    f"controller_layers.{layer}.weight",
                    (gates, (size if layer else self.read_size) + hidden),
                )
                for layer in range(layers)
            ),
            *((f"controller_layers.{layer}.bias", (gates,)) for layer in range(1, layers)),
        )
