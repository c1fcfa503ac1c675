"""The Neural Turing Machine as a torch module, used like ``nn.LSTM(batch_first=True)``."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor, nn

from ntm_agents.config import NTMConfig
from ntm_agents.controllers import forget_gate_places
from ntm_agents.heads import key_strength_places
from ntm_agents.kernels.core import CoreWeights, Weights
from ntm_agents.kernels.dispatch import Backend, check_backend, select_backend
from ntm_agents.state import LearnedStart, NTMState, expand


class NTM(nn.Module):
    """A controller with an external memory (Graves, Wayne, Danihelka 2014).

    The module holds parameters only; the state is passed in and returned.

    Args:
        config: The sizes.
        backend: What runs the recurrent core: ``"auto"`` takes the fastest that is installed,
            ``"reference"`` is plain torch.

    Attributes:
        blur_penalty: What each weighting of each step adds to the loss that gradients are of,
            times its `ntm_agents.blur.blur`. Zero unless a training sets it: heads that are
            paid to be at one location stay right in longer sequences.

    Example:
        >>> ntm = NTM(NTMConfig(input_size=9, output_size=8))
        >>> logits, state = ntm(torch.zeros(2, 5, 9))
        >>> logits, state = ntm(torch.zeros(2, 3, 9), state)
        >>> logits.shape, state.memory.shape
        (torch.Size([2, 3, 8]), torch.Size([2, 128, 20]))
    """

    config_class: ClassVar[type[NTMConfig]] = NTMConfig
    initial_controller: Tensor

    def __init__(self, config: NTMConfig, backend: Backend = "auto") -> None:
        """Draw parameters from torch's generator."""
        super().__init__()
        self.config = config
        self.backend = check_backend(backend)
        self.blur_penalty = 0.0
        size, gates = config.controller_size, config.gates_size
        own_hidden = size if config.controller == "lstm" else 0
        self.input_layer = nn.Linear(config.input_size, gates)
        self.controller_layers = nn.ModuleList(
            nn.Linear((config.read_size if layer == 0 else size) + own_hidden, gates, layer > 0)
            for layer in range(config.controller_layers)
        )
        self.head_layer = nn.Linear(size, config.head_parameters_size)
        has_numbers = not self.head_layer.weight.is_meta
        if has_numbers:
            self._set_initial_biases()
        self.output_layer = nn.Linear(size + config.read_size, config.output_size)

        rows = config.memory_size if config.memory_start == "each" else 1
        self.initial_memory = nn.Parameter(
            torch.randn(rows, config.word_size) * config.memory_scale
            if has_numbers
            else torch.empty(rows, config.word_size)
        )
        focus = torch.zeros(config.num_heads, config.memory_size)
        focus[:, 0] = config.initial_focus
        self.initial_weighting_logits = nn.Parameter(focus)
        self.initial_read_vectors = nn.Parameter(
            torch.zeros(config.num_read_heads, config.word_size)
        )
        if config.controller == "lstm":
            self.initial_controller = nn.Parameter(
                torch.zeros(2, config.controller_layers, size)
            )
        else:
            no_state = torch.empty(0, config.controller_layers, size)
            self.register_buffer("initial_controller", no_state, persistent=False)

    @torch.no_grad()
    def _set_initial_biases(self) -> None:
        config = self.config
        self.head_layer.bias[key_strength_places(config)] += config.initial_strength
        if config.controller == "lstm":
            for layer in (self.input_layer, *self.controller_layers[1:]):
                layer.bias[forget_gate_places(config.controller_size)] += config.initial_forget

    def initial_state(self, batch_size: int = 1) -> NTMState:
        """Return the learned state before the first step (section 3.4).

        Args:
            batch_size: Number of sequences (B).

        Returns:
            The same state for each sequence; gradients reach the learned start.
        """
        start = self.learned_start().state(self.config.memory_size)
        return start if batch_size == 1 else expand(start, batch_size)

    def forward(
        self,
        inputs: Tensor,
        state: NTMState | None = None,
        episode_starts: Tensor | None = None,
    ) -> tuple[Tensor, NTMState]:
        """Process whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``, T at least one.
            state: State before the first step; the learned start if None.
            episode_starts: Steps before which to go back to the learned start, shape
                ``(B, T)``, bool; none if None.

        Returns:
            Logits, shape ``(B, T, O)``, and the state after the last step.

        Raises:
            ValueError: If an argument has another shape.
        """
        expected = f"(B, T, {self.config.input_size})"
        if (
            inputs.dim() != 3
            or inputs.shape[1] < 1
            or inputs.shape[2] != self.config.input_size
        ):
            raise ValueError(f"inputs must have shape {expected}, not {tuple(inputs.shape)}")
        if episode_starts is not None and episode_starts.shape != inputs.shape[:2]:
            raise ValueError(
                f"episode_starts must have shape {tuple(inputs.shape[:2])}, "
                f"not {tuple(episode_starts.shape)}"
            )
        if state is not None and state.memory.shape[0] != inputs.shape[0]:
            raise ValueError(
                f"the state holds {state.memory.shape[0]} sequences, inputs {inputs.shape[0]}"
            )
        run = select_backend(self.backend, inputs.device, inputs.dtype, self.config)
        weights = self.weights()
        outputs, next_state = run(
            inputs, weights, state, self.config, episode_starts, self.blur_penalty
        )
        return self.output_layer(outputs) if weights.output is None else outputs, next_state

    def step(self, inputs: Tensor, state: NTMState | None = None) -> tuple[Tensor, NTMState]:
        """Take one step.

        Args:
            inputs: Shape ``(B, I)``.
            state: The last state; the learned start if None.

        Returns:
            Logits, shape ``(B, O)``, and the next state.
        """
        logits, next_state = self(inputs.unsqueeze(1), state)
        return logits.squeeze(1), next_state

    def weights(self) -> Weights:
        """Return all parameters, but none of an output layer that is not linear with a bias."""
        inputs, output = self.input_layer, self.output_layer
        linear = isinstance(output, nn.Linear) and output.bias is not None
        return Weights(
            inputs.weight,
            inputs.bias,
            self.core_weights(),
            self.learned_start(),
            (output.weight, output.bias) if linear else None,
        )

    def learned_start(self) -> LearnedStart:
        """Return the parameters that every sequence starts from."""
        return LearnedStart(
            self.initial_memory,
            self.initial_weighting_logits,
            self.initial_read_vectors,
            self.initial_controller,
        )

    def core_weights(self) -> CoreWeights:
        """Return the parameters of the recurrent core."""
        layers = [layer for layer in self.controller_layers if isinstance(layer, nn.Linear)]
        heads = self.head_layer
        return CoreWeights(
            layers=tuple(layer.weight for layer in layers),
            layer_biases=tuple(layer.bias for layer in layers[1:]),
            heads=heads.weight,
            head_bias=heads.bias,
        )

    def with_memory_size(self, memory_size: int) -> NTM:
        """Return the same network over a memory of another size.

        All weights are copied. A new location starts with the mean of the learned ones, and
        gets the smallest logit of the learned start of each weighting.

        Args:
            memory_size: The new N.

        Returns:
            A new module; this one stays as it is.
        """
        config = dataclasses.replace(self.config, memory_size=memory_size)
        larger = NTM(config, self.backend).to(self.initial_memory)
        parameters = self.state_dict()
        learned = self.initial_memory.detach()
        rows = learned[:memory_size]
        new = learned.mean(0).expand(len(larger.initial_memory) - len(rows), -1)
        parameters["initial_memory"] = torch.cat([rows, new])
        logits = self.initial_weighting_logits.detach()
        lowest = logits.min(-1, keepdim=True).values.expand(-1, memory_size)
        kept = min(memory_size, self.config.memory_size)
        parameters["initial_weighting_logits"] = torch.cat(
            [logits[:, :kept], lowest[:, kept:]], dim=-1
        )
        larger.load_state_dict(parameters)
        return larger
