"""The Neural Turing Machine as a torch module, used like ``nn.LSTM(batch_first=True)``."""

from __future__ import annotations

import copy
import dataclasses
from typing import ClassVar, Literal, overload

import torch
from torch import Tensor, nn

from ntm_agents.autocast import autocast_enabled, raised
from ntm_agents.checks import (
    check_episode_starts,
    check_inputs,
    check_parameters,
    check_state,
)
from ntm_agents.kernels import reference
from ntm_agents.kernels.core import CoreLayers, CoreModules, CoreWeights, Results, Weights
from ntm_agents.kernels.dispatch import (
    Backend,
    beyond_kernels,
    check_backend,
    select_backend,
)
from ntm_agents.ntm.config import NamedShape, NTMConfig
from ntm_agents.ntm.controllers import forget_gate_places
from ntm_agents.ntm.heads import key_strength_places
from ntm_agents.ntm.layers import any_global_hook, differs_from_linear, member
from ntm_agents.ntm.state import LearnedStart, NTMState, StateTuple, expand

_INITIAL = tuple(f"initial_{name}" for name in LearnedStart._fields)


class NTM(nn.Module):
    """A controller with an external memory (Graves, Wayne, Danihelka 2014).

    The module holds parameters only; the state is passed in and returned.

    Args:
        config: The sizes.
        backend: What runs the recurrent core: ``"auto"`` takes the fastest that is installed,
            ``"reference"`` is plain torch.

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

    @overload
    def forward(
        self,
        inputs: Tensor,
        state: NTMState | StateTuple | None = None,
        episode_starts: Tensor | None = None,
        return_entropy: Literal[False] = False,
    ) -> tuple[Tensor, NTMState]: ...

    @overload
    def forward(
        self,
        inputs: Tensor,
        state: NTMState | StateTuple | None = None,
        episode_starts: Tensor | None = None,
        *,
        return_entropy: Literal[True],
    ) -> tuple[Tensor, NTMState, Tensor]: ...

    def forward(
        self,
        inputs: Tensor,
        state: NTMState | StateTuple | None = None,
        episode_starts: Tensor | None = None,
        return_entropy: bool = False,
    ) -> tuple[Tensor, NTMState] | tuple[Tensor, NTMState, Tensor]:
        """Process whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``, T at least one.
            state: State before the first step, or a plain tuple of its fields; the learned
                start if None.
            episode_starts: Steps before which to go back to the learned start, shape
                ``(B, T)``, bool; none if None.
            return_entropy: Whether to return the entropy of the weightings, too. Training adds
                it to the loss: heads that are paid to be at one location stay right in longer
                sequences.

        Returns:
            Logits, shape ``(B, T, O)``, and the state after the last step; with
            ``return_entropy`` also the entropy of the weightings in nats, a scalar, added up
            over sequences, steps and heads (see `ntm_agents.ntm.entropy.entropy_of`).

        Raises:
            TypeError: If an argument is no tensor.
            ValueError: If an argument or a parameter has another shape, dtype, device or
                layout than this network needs.

        Under `torch.autocast` the network computes in the precision of its parameters.
        """
        like = self.initial_memory
        if autocast_enabled(like):
            with torch.autocast(like.device.type, enabled=False):
                raised_state = raised(state, like)
                if return_entropy:
                    return self.forward(
                        raised(inputs, like), raised_state, episode_starts, return_entropy=True
                    )
                return self.forward(raised(inputs, like), raised_state, episode_starts)
        config = self.config
        check_inputs(inputs, config.input_size, like)
        if state is not None:
            check_state(state, config.state_shapes, inputs)
            state = NTMState(*state)
        if episode_starts is not None:
            check_episode_starts(episode_starts, inputs)
        called = self.layer_to_call()
        if called is not None:
            select_backend(self.backend, inputs.device, inputs.dtype, config, called)
            return _wanted(
                self._forward_by_calls(inputs, state, episode_starts, return_entropy)
            )
        weights = self.weights()
        tensors = weights.flat()
        check_parameters(tensors, self._parameter_shapes(weights), like)
        run = select_backend(
            self.backend,
            inputs.device,
            inputs.dtype,
            config,
            beyond_kernels([inputs, *(state or ()), *tensors]),
        )
        if inputs.shape[0] == 0:
            run = reference.run
        found = run(inputs, weights, state, config, episode_starts, return_entropy)
        if weights.output is None:
            found = found._replace(outputs=self.output_layer(found.outputs))
        return _wanted(found)

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
        """Return all parameters, but none of an output layer that has to be called."""
        inputs, output = member(self, "input_layer"), member(self, "output_layer")
        return Weights(
            member(inputs, "weight"),
            member(inputs, "bias"),
            self.core_weights(),
            self.learned_start(),
            (member(output, "weight"), member(output, "bias"))
            if differs_from_linear(output) is None
            else None,
        )

    def learned_start(self) -> LearnedStart:
        """Return the parameters that every sequence starts from."""
        return LearnedStart(*(member(self, name) for name in _INITIAL))

    def core_weights(self) -> CoreWeights:
        """Return the parameters of the recurrent core."""
        layers = tuple(member(self, "controller_layers")._modules.values())
        heads = member(self, "head_layer")
        return CoreWeights(
            layers=tuple(member(layer, "weight") for layer in layers),
            layer_biases=tuple(member(layer, "bias") for layer in layers[1:]),
            heads=member(heads, "weight"),
            head_bias=member(heads, "bias"),
        )

    def core_layers(self) -> CoreLayers:
        """Return the layers of the recurrent core, to be read or to be called."""
        if self.layer_to_call() is None:
            return self.core_weights()
        return CoreModules(tuple(self.controller_layers), self.head_layer, self.config)

    def layer_to_call(self) -> str | None:
        """Return which layer before the output layer has to be called and why, if any.

        All others have parameters that can be read, which is all that a kernel does.

        Raises:
            ValueError: If the controller has not as many layers as configured.
        """
        controller_layers = tuple(member(self, "controller_layers")._modules.values())
        if len(controller_layers) != self.config.controller_layers:
            raise ValueError(
                f"controller_layers must hold {self.config.controller_layers} layers, "
                f"not {len(controller_layers)}"
            )
        if any_global_hook():
            return "all modules have hooks"
        for name in ("input_layer", "head_layer"):
            why = differs_from_linear(member(self, name))
            if why is not None:
                return f"{name} {why}"
        for number, controller_layer in enumerate(controller_layers):
            why = differs_from_linear(controller_layer, bias=number > 0)
            if why is not None:
                return f"controller_layers.{number} {why}"
        return None

    def _parameter_shapes(self, weights: Weights) -> tuple[NamedShape, ...]:
        """Return what `weights` must look like; an output layer may have any O."""
        if weights.output is None:
            return self.config.weight_shapes
        outputs, features = len(weights.output[1]), self.config.features_size
        return (
            *self.config.weight_shapes,
            ("output_layer.weight", (outputs, features)),
            ("output_layer.bias", (outputs,)),
        )

    def _forward_by_calls(
        self,
        inputs: Tensor,
        state: NTMState | None,
        episode_starts: Tensor | None,
        return_entropy: bool,
    ) -> Results:
        """Return what a backend returns, with every layer called, at every step."""
        config, start = self.config, self.learned_start()
        check_parameters(start, config.start_shapes, inputs)
        projected = self.input_layer(inputs)
        expected = (*inputs.shape[:2], config.gates_size)
        check_parameters([projected], [("what input_layer returns", expected)], inputs)
        found = reference.run_core(
            projected,
            self.core_layers(),
            state,
            config,
            episode_starts,
            start.state(config.memory_size),
            return_entropy,
        )
        return found._replace(outputs=self.output_layer(found.outputs))

    def with_memory_size(self, memory_size: int) -> NTM:
        """Return the same network over a memory of another size.

        Everything is copied, with the layers that a user has put in, hooks and what is frozen.
        A new location starts with the mean of the learned ones, and gets the smallest logit of
        the learned start of each weighting.

        Args:
            memory_size: The new N.

        Returns:
            A new module; this one stays as it is.
        """
        config = dataclasses.replace(self.config, memory_size=memory_size)
        other = copy.deepcopy(self)
        other.zero_grad(set_to_none=True)
        other.config = config
        memory = self.initial_memory.detach()
        if config.memory_start == "each":
            rows = memory[:memory_size]
            new = memory.mean(0).expand(memory_size - len(rows), -1)
            memory = torch.cat([rows, new])
        logits = self.initial_weighting_logits.detach()
        kept = min(memory_size, self.config.memory_size)
        lowest = logits.min(-1, keepdim=True).values.expand(-1, memory_size - kept)
        logits = torch.cat([logits[:, :kept], lowest], dim=-1)
        for parameter, numbers in (
            (other.initial_memory, memory),
            (other.initial_weighting_logits, logits),
        ):
            parameter.data = numbers.clone()
        return other


def _wanted(found: Results) -> tuple[Tensor, NTMState] | tuple[Tensor, NTMState, Tensor]:
    """Return what was asked for: the entropy only if there is one."""
    if found.entropy is None:
        return found.outputs, found.state
    return found.outputs, found.state, found.entropy
