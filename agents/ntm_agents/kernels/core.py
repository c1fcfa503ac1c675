"""The recurrent core: all that has to happen one step after the other, and its interface.

A sequence passes an input projection (one matrix product over all steps), the core, and an
output projection (one more product). Backends run all three; `reference` defines the core.
Letters: see `ntm_agents.ntm.config.NTMConfig`; T is time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor, nn
from torch.nn import functional

from ntm_agents.checks import check_parameters
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import LearnedStart, NTMState, expand


class CoreLayers(Protocol):
    """The linear layers of the recurrent core."""

    @property
    def layers(self) -> tuple[Tensor | nn.Module, ...]:
        """One for each layer of the controller."""
        ...

    def gates(self, layer: int, seen: Tensor, projected: Tensor) -> Tensor:
        """Return the pre-activations of a controller layer, shape ``(B, G)``.

        Args:
            layer: Its number.
            seen: What it sees besides the projected input; see `CoreWeights`.
            projected: Input projection of this step, shape ``(B, G)``.
        """
        ...

    def head_parameters(self, output: Tensor) -> Tensor:
        """Return the raw parameters of all heads, ``(B, C)`` to ``(B, P)``."""
        ...


class CoreWeights(NamedTuple):
    """Parameters of the recurrent core.

    Attributes:
        layers: One matrix per controller layer, applied to what the layer sees besides the
            projected input: for the first layer the read vectors, ``(G, R · M)``, for the
            others the layer below, ``(G, C)``; an LSTM layer's matrix has C more columns for
            its own last hidden state.
        layer_biases: Biases of all layers but the first, whose bias is in the projected
            input, each ``(G,)``.
        heads: From the last controller layer to all head parameters, ``(P, C)``.
        head_bias: Shape ``(P,)``.
    """

    layers: tuple[Tensor, ...]
    layer_biases: tuple[Tensor, ...]
    heads: Tensor
    head_bias: Tensor

    def gates(self, layer: int, seen: Tensor, projected: Tensor) -> Tensor:
        """See `CoreLayers`."""
        offset = projected if layer == 0 else self.layer_biases[layer - 1]
        return offset + functional.linear(seen, self.layers[layer])

    def head_parameters(self, output: Tensor) -> Tensor:
        """See `CoreLayers`."""
        return functional.linear(output, self.heads, self.head_bias)


class CoreModules(NamedTuple):
    """The recurrent core's layers as modules, called at every step.

    So hooks are called, and wrapped and exchanged layers do what they do; only plain torch
    can run them.

    Attributes:
        layers: The controller's.
        heads: The head layer.
        config: The sizes.
    """

    layers: tuple[nn.Module, ...]
    heads: nn.Module
    config: NTMConfig

    def gates(self, layer: int, seen: Tensor, projected: Tensor) -> Tensor:
        """See `CoreLayers`."""
        gates: Tensor = self.layers[layer](seen)
        expected = (len(seen), self.config.gates_size)
        check_parameters(
            [gates], [(f"what controller_layers[{layer}] returns", expected)], seen
        )
        return gates + projected if layer == 0 else gates

    def head_parameters(self, output: Tensor) -> Tensor:
        """See `CoreLayers`."""
        parameters: Tensor = self.heads(output)
        expected = (len(output), self.config.head_parameters_size)
        check_parameters([parameters], [("what head_layer returns", expected)], output)
        return parameters


class Weights(NamedTuple):
    """All parameters.

    Attributes:
        input_weight: Input projection, ``(G, I)``.
        input_bias: Shape ``(G,)``.
        core: Of the recurrent core.
        start: Where every sequence starts.
        output: Of the output layer, weight ``(O, C + R · M)`` and bias ``(O,)``; None if its
            inputs, the features, are wanted.
    """

    input_weight: Tensor
    input_bias: Tensor
    core: CoreWeights
    start: LearnedStart
    output: tuple[Tensor, Tensor] | None

    def flat(self) -> list[Tensor]:
        """Return all tensors, in the order of `from_flat`."""
        core = self.core
        return [
            self.input_weight,
            self.input_bias,
            core.heads,
            core.head_bias,
            *self.start,
            *core.layers,
            *core.layer_biases,
            *(self.output or ()),
        ]

    @classmethod
    def from_flat(cls, tensors: Sequence[Tensor], controller_layers: int) -> Weights:
        """Return the weights that `flat` has laid out.

        Args:
            tensors: All tensors.
            controller_layers: L.
        """
        input_weight, input_bias, heads, head_bias, *others = tensors
        biases, outputs = 4 + controller_layers, 3 + 2 * controller_layers
        core = CoreWeights(
            tuple(others[4:biases]), tuple(others[biases:outputs]), heads, head_bias
        )
        weight_and_bias = others[outputs:]
        return cls(
            input_weight,
            input_bias,
            core,
            LearnedStart(*others[:4]),
            (weight_and_bias[0], weight_and_bias[1]) if weight_and_bias else None,
        )


class Results(NamedTuple):
    """What a backend, or the core alone, returns.

    Attributes:
        outputs: Outputs, shape ``(B, T, O)``, or features: controller outputs beside the read
            vectors, shape ``(B, T, C + R · M)``.
        state: After the last step.
        entropy: Of the weightings of all heads, steps and sequences together, a scalar in
            nats; see `ntm_agents.ntm.entropy.entropy_of`. None if it is not wanted.
    """

    outputs: Tensor
    state: NTMState
    entropy: Tensor | None


class Run(Protocol):
    """A backend: from inputs to outputs, or to what an output layer sees."""

    def __call__(
        self,
        inputs: Tensor,
        weights: Weights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        return_entropy: bool = False,
    ) -> Results:
        """Run whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``.
            weights: The parameters.
            state: State before the first step; the learned start if None.
            config: The sizes.
            episode_starts: Where to go on from the learned start instead of the last state,
                shape ``(B, T)``, bool; nowhere if None.
            return_entropy: Whether the weightings' entropy is wanted, too.
        """
        ...


class RunCore(Protocol):
    """The recurrent core alone."""

    def __call__(
        self,
        projected: Tensor,
        weights: CoreWeights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        initial_state: NTMState | None = None,
        return_entropy: bool = False,
    ) -> Results:
        """Run the core over whole sequences.

        Args:
            projected: Input projection with the first layer's bias, shape ``(B, T, G)``.
            weights: The core's parameters.
            state: State before the first step; the initial state if None.
            config: The sizes.
            episode_starts: Where to go on from the initial state instead of the last one,
                shape ``(B, T)``, bool; nowhere if None.
            initial_state: State with B = 1; needed with ``episode_starts`` or without
                ``state``.
            return_entropy: Whether the weightings' entropy is wanted, too.

        Returns:
            Features, the state after the last step, and the entropy.
        """
        ...


def flat_core_arguments(
    projected: Tensor,
    weights: CoreWeights,
    state: NTMState | None,
    initial_state: NTMState | None,
) -> list[Tensor]:
    """Return the tensors of `RunCore` in a row, a state for each sequence among them.

    Returns:
        Projected inputs, state, initial state without a batch size, head layer, controller.
    """
    start = state if initial_state is None else initial_state
    if state is None and initial_state is not None:
        state = expand(initial_state, projected.shape[0])
    if state is None or start is None:
        raise ValueError("the core needs a state or an initial state")
    return [
        projected,
        *state,
        *(field[0] for field in start),
        weights.heads,
        weights.head_bias,
        *weights.layers,
        *weights.layer_biases,
    ]


def with_projections(run_core: RunCore) -> Run:
    """Return the backend that runs a core, and projects inputs and outputs by torch."""

    @functools.wraps(run_core)
    def run(
        inputs: Tensor,
        weights: Weights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        return_entropy: bool = False,
    ) -> Results:
        needs_start = state is None or episode_starts is not None
        found = run_core(
            functional.linear(inputs, weights.input_weight, weights.input_bias),
            weights.core,
            state,
            config,
            episode_starts,
            weights.start.state(config.memory_size) if needs_start else None,
            return_entropy,
        )
        if weights.output is None:
            return found
        return found._replace(outputs=functional.linear(found.outputs, *weights.output))

    return run
