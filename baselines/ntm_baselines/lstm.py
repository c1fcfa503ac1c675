"""The LSTM of Table 3, down to its number of parameters.

Letters: ``B`` batch, ``T`` time, ``I`` input channels, ``O`` output bits, ``L`` layers,
``C`` units of a layer.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ntm_agents.autocast import autocast_enabled, raised
from ntm_agents.checks import check_inputs, check_parameters, check_state
from ntm_agents.ntm.config import NamedShape
from ntm_gym.scalars import take_python_numbers


@dataclasses.dataclass(frozen=True)
class LSTMConfig:
    """Sizes of the baseline; the defaults are those of Table 3 for copy.

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
    hidden_size: int = 256
    num_layers: int = 3

    def __post_init__(self) -> None:
        """Check the sizes."""
        take_python_numbers(self)
        for name, value in dataclasses.asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer, not {value!r}")

    @functools.cached_property
    def state_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each field of `LSTMState`, without B."""
        shape = (self.num_layers, self.hidden_size)
        return ("hidden", shape), ("cell", shape)

    @functools.cached_property
    def weight_shapes(self) -> tuple[NamedShape, ...]:
        """Name and shape of each parameter but the output layer's."""
        size, layers = self.hidden_size, range(self.num_layers)
        inputs = [self.input_size + (size if layer else 0) for layer in layers]
        return (
            *((f"input_weights.{layer}", (4 * size, inputs[layer])) for layer in layers),
            *((f"hidden_weights.{layer}", (4 * size, size)) for layer in layers),
            *((f"biases.{layer}", (4 * size,)) for layer in layers),
            ("the bias that is always zero", (4 * size,)),
            ("initial_hidden", (self.num_layers, size)),
            ("initial_cell", (self.num_layers, size)),
        )


class LSTMState(NamedTuple):
    """The recurrent state; passed in and returned.

    Attributes:
        hidden: Shape ``(B, L, C)``.
        cell: Shape ``(B, L, C)``.
    """

    hidden: Tensor
    cell: Tensor


class LSTM(nn.Module):
    """Stacked LSTM layers: the input feeds every layer, every layer feeds the output.

    One bias per gate, and a learned start of every hidden state and cell. The published
    parameter counts follow from exactly these choices.

    Args:
        config: The sizes.

    Example:
        >>> lstm = LSTM(LSTMConfig(input_size=10, output_size=9))
        >>> sum(parameter.numel() for parameter in lstm.parameters())
        1352969
    """

    config_class: ClassVar[type[LSTMConfig]] = LSTMConfig

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__()
        self.config = config
        size, layers = config.hidden_size, config.num_layers
        self.input_weights = nn.ParameterList(
            torch.empty(4 * size, config.input_size + (size if layer else 0))
            for layer in range(layers)
        )
        self.hidden_weights = nn.ParameterList(
            torch.empty(4 * size, size) for _ in range(layers)
        )
        self.biases = nn.ParameterList(torch.empty(4 * size) for _ in range(layers))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(size**-0.5), size**-0.5)
        self.initial_hidden = nn.Parameter(torch.zeros(layers, size))
        self.initial_cell = nn.Parameter(torch.zeros(layers, size))
        self.output_layer = nn.Linear(layers * size, config.output_size)
        self.register_buffer("_no_second_bias", torch.zeros(4 * size), persistent=False)
        self._no_second_bias: Tensor

    def initial_state(self, batch_size: int = 1) -> LSTMState:
        """Return the learned state before the first step.

        Args:
            batch_size: Number of sequences (B).
        """
        return LSTMState(
            self.initial_hidden.expand(batch_size, -1, -1),
            self.initial_cell.expand(batch_size, -1, -1),
        )

    def forward(
        self, inputs: Tensor, state: LSTMState | tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, LSTMState]:
        """Process whole sequences, layer by layer.

        Args:
            inputs: Shape ``(B, T, I)``, T at least one.
            state: State before the first step, or a plain tuple of its fields; the learned
                start if None.

        Returns:
            Logits, shape ``(B, T, O)``, and the state after the last step.

        Raises:
            TypeError: If an argument is no tensor.
            ValueError: If an argument or a parameter has another shape, dtype, device or
                layout than this network needs.

        Under `torch.autocast` the network computes in the precision of its parameters.
        """
        like = self.initial_hidden
        if autocast_enabled(like):
            with torch.autocast(like.device.type, enabled=False):
                return self.forward(raised(inputs, like), raised(state, like))
        config = self.config
        check_inputs(inputs, config.input_size, like)
        check_parameters(self._all_weights(), config.weight_shapes, like)
        if state is not None:
            check_state(state, config.state_shapes, inputs)
        hidden_start, cell_start = self.initial_state(len(inputs)) if state is None else state
        outputs: list[Tensor] = []
        hiddens, cells = [], []
        for layer in range(self.config.num_layers):
            output, hidden, cell = torch.lstm(
                torch.cat([inputs, *outputs[-1:]], dim=-1),
                [
                    hidden_start[:, layer].unsqueeze(0).contiguous(),
                    cell_start[:, layer].unsqueeze(0).contiguous(),
                ],
                [
                    self.input_weights[layer],
                    self.hidden_weights[layer],
                    self.biases[layer],
                    self._no_second_bias,
                ],
                has_biases=True,
                num_layers=1,
                dropout=0.0,
                train=self.training,
                bidirectional=False,
                batch_first=True,
            )
            outputs.append(output)
            hiddens.append(hidden.squeeze(0))
            cells.append(cell.squeeze(0))
        logits = self.output_layer(torch.cat(outputs, dim=-1))
        return logits, LSTMState(torch.stack(hiddens, dim=1), torch.stack(cells, dim=1))

    def _all_weights(self) -> list[Tensor]:
        """Return what torch's function reads, in the order of `LSTMConfig.weight_shapes`."""
        return [
            *self.input_weights,
            *self.hidden_weights,
            *self.biases,
            self._no_second_bias,
            self.initial_hidden,
            self.initial_cell,
        ]
