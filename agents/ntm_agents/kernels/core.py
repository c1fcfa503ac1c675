"""The recurrent core: all that has to happen one step after the other, and its interface.

A sequence passes an input projection (one matrix product over all steps), the core, and an
output projection (one more product). Only the core has backends; `reference` defines it.
Letters: see `ntm_agents.config.NTMConfig`; T is time.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.state import NTMState


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


class RunCore(Protocol):
    """A backend of the recurrent core."""

    def __call__(
        self,
        projected: Tensor,
        weights: CoreWeights,
        state: NTMState | None,
        config: NTMConfig,
        episode_starts: Tensor | None = None,
        initial_state: NTMState | None = None,
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

        Returns:
            Controller outputs beside the read vectors, shape ``(B, T, C + R · M)``, and the
            state after the last step.
        """
        ...
