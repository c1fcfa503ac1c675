"""A small causal Transformer with a sliding window, so that it too has a state.

Letters: ``B`` batch, ``T`` time, ``I`` input channels, ``O`` output bits, ``L`` layers,
``H`` heads, ``C`` channels of the model, ``W`` window: the steps that a step can look back on,
itself included, ``P`` steps before the first one that are at hand: zero or ``W``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ntm_agents.autocast import autocast_enabled, raised
from ntm_agents.checks import check_inputs, check_state
from ntm_gym.scalars import take_python_numbers


@dataclasses.dataclass(frozen=True)
class TransformerConfig:
    """Sizes.

    Attributes:
        input_size: Channels of an input step (I).
        output_size: Bits of an output step (O).
        hidden_size: Channels of the model (C), a multiple of twice the heads.
        num_layers: Layers (L).
        num_heads: Attention heads of each layer (H).
        window_size: Steps that a step can look back on, itself included (W).

    Raises:
        ValueError: If a size is not a positive integer or does not fit.
    """

    input_size: int
    output_size: int
    hidden_size: int = 64
    num_layers: int = 3
    num_heads: int = 4
    window_size: int = 256

    def __post_init__(self) -> None:
        """Check the sizes."""
        take_python_numbers(self)
        for name, value in dataclasses.asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer, not {value!r}")
        if self.hidden_size % (2 * self.num_heads):
            raise ValueError(
                f"hidden_size must be a multiple of twice num_heads {self.num_heads}, "
                f"not {self.hidden_size}"
            )


class TransformerState(NamedTuple):
    """What the last steps left to look back on; passed in and returned.

    Attributes:
        keys: Shape ``(B, L, W, C)``, oldest first.
        values: Shape ``(B, L, W, C)``.
        steps: Steps seen so far, shape ``(B,)``; only the last ones of ``keys`` are real
            before there were W of them.
    """

    keys: Tensor
    values: Tensor
    steps: Tensor


class TransformerLayer(nn.Module):
    """Attention and a two-layer perceptron, each on normalized input and added to it.

    Args:
        config: The sizes.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.num_heads = config.num_heads
        self.attention_norm = nn.LayerNorm(size)
        self.projection = nn.Linear(size, 3 * size)
        self.attention_output = nn.Linear(size, size)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size)
        )

    def forward(
        self, features: Tensor, past_keys: Tensor, past_values: Tensor, visible: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Look back and think.

        Args:
            features: Shape ``(B, T, C)``.
            past_keys: Shape ``(B, P, C)``.
            past_values: Shape ``(B, P, C)``.
            visible: What each step may look at, shape ``(B or 1, 1, T, P + T)``.

        Returns:
            Features ``(B, T, C)``, and keys and values with the past before them,
            ``(B, P + T, C)``.
        """
        query, key, value = self.projection(self.attention_norm(features)).chunk(3, dim=-1)
        keys, values = torch.cat([past_keys, key], 1), torch.cat([past_values, value], 1)
        looked_up = functional.scaled_dot_product_attention(
            self._split_heads(query),
            self._split_heads(keys),
            self._split_heads(values),
            attn_mask=visible,
        )
        features = features + self.attention_output(looked_up.transpose(1, 2).flatten(2))
        return features + self.perceptron(features), keys, values

    def _split_heads(self, features: Tensor) -> Tensor:
        """Turn ``(B, T, C)`` into ``(B, H, T, C / H)``."""
        heads: Tensor = features.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        return heads


class Transformer(nn.Module):
    """A pre-norm decoder with sinusoidal positions (Vaswani et al. 2017, section 3.5).

    Nothing of its own output is fed back: like every network here it sees the inputs only.

    Args:
        config: The sizes.

    Example:
        >>> transformer = Transformer(TransformerConfig(input_size=9, output_size=8))
        >>> transformer(torch.zeros(2, 5, 9))[0].shape
        torch.Size([2, 5, 8])
    """

    config_class: ClassVar[type[TransformerConfig]] = TransformerConfig

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        size = config.hidden_size
        self.input_layer = nn.Linear(config.input_size, size)
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.num_layers))
        self.output_layer = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, config.output_size)
        )

    def initial_state(self, batch_size: int = 1) -> TransformerState:
        """Return the state before the first step: nothing to look back on.

        Args:
            batch_size: Number of sequences (B).
        """
        weight, config = self.input_layer.weight, self.config
        empty = weight.new_zeros(
            batch_size, config.num_layers, config.window_size, config.hidden_size
        )
        steps = torch.zeros(batch_size, dtype=torch.int64, device=weight.device)
        return TransformerState(empty, empty, steps)

    def forward(
        self,
        inputs: Tensor,
        state: TransformerState | tuple[Tensor, Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, TransformerState]:
        """Process whole sequences, all steps at once.

        Args:
            inputs: Shape ``(B, T, I)``, T at least one.
            state: State before the first step, or a plain tuple of its fields; nothing to
                look back on if None.

        Returns:
            Logits, shape ``(B, T, O)``, and the state after the last step.

        Raises:
            TypeError: If an argument is no tensor.
            ValueError: If an argument has another shape, dtype, device or layout than this
                network needs.

        Under `torch.autocast` the network computes in the precision of its parameters.
        """
        like, config = self.input_layer.weight, self.config
        if autocast_enabled(like):
            with torch.autocast(like.device.type, enabled=False):
                return self.forward(raised(inputs, like), raised(state, like))
        check_inputs(inputs, config.input_size, like)
        if state is not None:
            past_shape = (config.num_layers, config.window_size, config.hidden_size)
            fields = ("keys", past_shape), ("values", past_shape), ("steps", ())
            check_state(state, fields, inputs, counts=("steps",))
            state = TransformerState(*state)
        new, window = inputs.shape[1], self.config.window_size
        past = 0 if state is None else window
        if state is None:
            state = self.initial_state(inputs.shape[0])
        places = state.steps.unsqueeze(1) + torch.arange(new, device=inputs.device)
        features = self.input_layer(inputs) + self._positions(places).to(inputs.dtype)
        visible = self._visible(state.steps if past else state.steps[:1], past, new)
        keys, values = [], []
        for number, layer in enumerate(self.layers):
            features, layer_keys, layer_values = layer(
                features,
                state.keys[:, number, window - past :],
                state.values[:, number, window - past :],
                visible,
            )
            keys.append(_last(layer_keys, window))
            values.append(_last(layer_values, window))
        following = TransformerState(
            torch.stack(keys, 1), torch.stack(values, 1), state.steps + new
        )
        return self.output_layer(features), following

    def _visible(self, steps: Tensor, past: int, new: int) -> Tensor:
        """Return which of P + T steps each of T steps may look at, ``(B, 1, T, P + T)``."""
        place = torch.arange(-past, new, device=steps.device)
        age = place[past:].unsqueeze(1) - place
        in_window = (age >= 0) & (age < self.config.window_size)
        real = place >= -steps.view(-1, 1, 1, 1)
        return in_window & real

    def _positions(self, places: Tensor) -> Tensor:
        """Return sines and cosines of every place, ``(B, T)`` to ``(B, T, C)``."""
        half = self.config.hidden_size // 2
        fall = torch.arange(half, device=places.device, dtype=torch.float64) / half
        angles = places.unsqueeze(-1) * torch.exp(-math.log(10_000) * fall)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _last(steps: Tensor, window: int) -> Tensor:
    """Return the last W of ``(B, P + T, C)``, filled up with zeros before them."""
    missing = window - steps.shape[1]
    return functional.pad(steps, (0, 0, missing, 0)) if missing > 0 else steps[:, -window:]
