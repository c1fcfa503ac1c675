"""``torch.nn.GRU`` as a competitor: what a user would reach for first.

Letters: ``B`` batch, ``T`` time, ``I`` input channels, ``O`` output bits, ``L`` layers,
``C`` units of a layer.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import ClassVar

import torch
from torch import Tensor, nn

from ntm_agents.autocast import autocast_enabled, raised
from ntm_agents.checks import check_inputs, check_parameters, check_state
from ntm_agents.ntm.config import NamedShape
from ntm_gym.scalars import take_python_numbers


@dataclasses.dataclass(frozen=True)
class GRUConfig:
    """Sizes.

    Attributes:
        input_size: Channels of an input step (I).
        output_size: Bits of an output step (O).
        hidden_size: Units of each layer (C).
        num_layers: Stacked layers (L).

    Raises:
        ValueError: If a size is not a positive integer.
    """

    input_size: int
    output_size: int
    hidden_size: int = 128
    num_layers: int = 2

    def __post_init__(self) -> None:
        """Check the sizes."""
        take_python_numbers(self)
        for name, value in dataclasses.asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer, not {value!r}")

    @functools.cached_property
    def weight_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each weight of `torch.nn.GRU`, layer by layer."""
        gates = 3 * self.hidden_size
        return tuple(
            (f"recurrent.{name}_l{layer}", shape)
            for layer in range(self.num_layers)
            for name, shape in (
                ("weight_ih", (gates, self.hidden_size if layer else self.input_size)),
                ("weight_hh", (gates, self.hidden_size)),
                ("bias_ih", (gates,)),
                ("bias_hh", (gates,)),
            )
        )


class GRU(nn.Module):
    """Torch's GRU with a learned start and a linear output layer.

    Args:
        config: The sizes.

    Example:
        >>> logits, state = GRU(GRUConfig(input_size=9, output_size=8))(torch.zeros(2, 5, 9))
        >>> logits.shape, state.shape
        (torch.Size([2, 5, 8]), torch.Size([2, 2, 128]))
    """

    config_class: ClassVar[type[GRUConfig]] = GRUConfig

    def __init__(self, config: GRUConfig) -> None:
        super().__init__()
        self.config = config
        size, layers = config.hidden_size, config.num_layers
        self.recurrent = nn.GRU(config.input_size, size, layers, batch_first=True)
        self.initial_hidden = nn.Parameter(torch.zeros(layers, size))
        self.output_layer = nn.Linear(size, config.output_size)

    def initial_state(self, batch_size: int = 1) -> Tensor:
        """Return the learned state before the first step, shape ``(B, L, C)``.

        Args:
            batch_size: Number of sequences (B).
        """
        return self.initial_hidden.expand(batch_size, -1, -1)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Process whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``, T at least one.
            state: Hidden units before the first step, shape ``(B, L, C)``; the learned start
                if None.

        Returns:
            Logits, shape ``(B, T, O)``, and the state after the last step.

        Raises:
            TypeError: If an argument is no tensor.
            ValueError: If an argument or a weight has another shape, dtype, device or layout
                than this network needs.

        Under `torch.autocast` the network computes in the precision of its parameters.
        """
        like, config = self.initial_hidden, self.config
        if autocast_enabled(like):
            with torch.autocast(like.device.type, enabled=False):
                return self.forward(raised(inputs, like), raised(state, like))
        check_inputs(inputs, config.input_size, like)
        if type(self.recurrent) is nn.GRU:
            weights = itertools.chain.from_iterable(self.recurrent.all_weights)
            check_parameters(weights, config.weight_shapes, like)
        if state is None:
            state = self.initial_state(len(inputs))
        shape = (config.num_layers, config.hidden_size)
        check_state((state,), (("hidden", shape),), inputs)
        features, hidden = self.recurrent(inputs, state.transpose(0, 1).contiguous())
        return self.output_layer(features), hidden.transpose(0, 1)
