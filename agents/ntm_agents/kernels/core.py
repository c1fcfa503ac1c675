"""The recurrent core: all that has to happen one step after the other, and its interface.

A sequence passes an input projection (one matrix product over all steps), the core, and an
output projection (one more product). Backends run all three; `reference` defines the core.
Letters: see `ntm_agents.config.NTMConfig`; T is time.
"""

from __future__ import annotations

import functools
from typing import NamedTuple, Protocol

from torch import Tensor
from torch.nn import functional

from ntm_agents.config import NTMConfig
from ntm_agents.state import LearnedStart, NTMState


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


class Run(Protocol):
    """A backend: from inputs to outputs, or to what an output layer sees."""

    def __call__(
        self,
        inputs: Tensor,
        weights: Weights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        blur_penalty: float = 0.0,
    ) -> tuple[Tensor, NTMState]:
        """Run whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``.
            weights: The parameters.
            state: State before the first step; the learned start if None.
            config: The sizes.
            episode_starts: Where to go on from the learned start instead of the last state,
                shape ``(B, T)``, bool; nowhere if None.
            blur_penalty: Backward, gradients are those of a loss to which every weighting of
                every step has added this times its `ntm_agents.blur.blur`.

        Returns:
            Outputs, shape ``(B, T, O)``, or features: controller outputs beside the read
            vectors, shape ``(B, T, C + R · M)``; and the state after the last step.
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
        blur_penalty: float = 0.0,
    ) -> tuple[Tensor, NTMState]:
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
            blur_penalty: See `Run`.

        Returns:
            Controller outputs beside the read vectors, shape ``(B, T, C + R · M)``, and the
            state after the last step.
        """
        ...


def with_projections(run_core: RunCore) -> Run:
    """Return the backend that runs a core, and projects inputs and outputs by torch."""

    @functools.wraps(run_core)
    def run(
        inputs: Tensor,
        weights: Weights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        blur_penalty: float = 0.0,
    ) -> tuple[Tensor, NTMState]:
        needs_start = state is None or episode_starts is not None
        features, next_state = run_core(
            functional.linear(inputs, weights.input_weight, weights.input_bias),
            weights.core,
            state,
            config,
            episode_starts,
            weights.start.state(config.memory_size) if needs_start else None,
            blur_penalty,
        )
        if weights.output is None:
            return features, next_state
        return functional.linear(features, *weights.output), next_state

    return run
