"""The Numba kernels as a backend: one function for torch's autograd."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from ntm_agents.kernels import reference
from ntm_agents.kernels.core import Weights
from ntm_agents.kernels.derivatives import differentiable_gradients
from ntm_agents.kernels.numba.arrays import array, state_tensors
from ntm_agents.kernels.numba.passes import backward_pass, forward_pass
from ntm_agents.kernels.numba.weights import (
    empty_like,
    flatten_arrays,
    weight_arrays,
)
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

NO_STATE = (None, None, None, None)


def run(
    inputs: Tensor,
    weights: Weights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    blur_penalty: float = 0.0,
) -> tuple[Tensor, NTMState]:
    """Run whole sequences; see `Run`."""
    results, *final = Sequences.apply(  # type: ignore[no-untyped-call]
        config,
        torch.is_grad_enabled(),
        episode_starts,
        blur_penalty,
        inputs,
        *(state or NO_STATE),
        *weights.flat(),
    )
    return results, NTMState(*final)


class Sequences(torch.autograd.Function):
    """The arguments are those of `run`, flat, and whether gradients are wanted."""

    @staticmethod
    def forward(
        ctx: Any,
        config: NTMConfig,
        grad_enabled: bool,
        episode_starts: Tensor | None,
        blur_penalty: float,
        inputs: Tensor,
        *tensors: Any,
    ) -> tuple[Tensor, ...]:
        """Run forward; keep what a pass backward needs."""
        state = None if tensors[0] is None else NTMState(*tensors[:4])
        weights = weight_arrays(tensors[4:], config)
        results, final, kept = forward_pass(
            inputs, weights, state, config, episode_starts, grad_enabled
        )
        if grad_enabled:
            ctx.set_materialize_grads(False)
            ctx.kept, ctx.weights, ctx.shape = kept, weights, results.shape
            ctx.blur_penalty = blur_penalty
            ctx.save_for_backward(episode_starts, inputs, *tensors)
        return results, *state_tensors(final, config)

    @staticmethod
    def backward(
        ctx: Any, d_results: Tensor | None, *d_final: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return gradients; by the reference, if they are to be differentiated again."""
        episode_starts, *tensors = ctx.saved_tensors  # an error, if one was changed since
        kept, config, weights = ctx.kept, ctx.kept.config, ctx.weights
        if torch.is_grad_enabled():
            repeat = functools.partial(_repeat, config, episode_starts)
            return (
                *(None,) * 4,
                *differentiable_gradients(
                    repeat,
                    tensors,
                    ctx.needs_input_grad[4:],
                    (d_results, *d_final),
                    ctx.blur_penalty,
                ),
            )
        if d_results is None:
            d_results = kept.inputs.new_zeros(ctx.shape)
        gradient = empty_like(weights, config)
        d_inputs = (
            torch.empty_like(kept.inputs, memory_format=torch.contiguous_format)
            if ctx.needs_input_grad[4]
            else None
        )
        d_state = backward_pass(
            kept,
            weights,
            d_results.contiguous(),
            d_final,
            gradient,
            None if d_inputs is None else array(d_inputs),
            ctx.blur_penalty,
        )
        fields = flatten_arrays(gradient)[: len(tensors) - 5]
        return (
            None,
            None,
            None,
            None,
            d_inputs,
            *(NO_STATE if kept.from_initial else state_tensors(d_state, config)),
            *(torch.from_numpy(field) for field in fields),
        )


def _repeat(
    config: NTMConfig,
    episode_starts: Tensor | None,
    inputs: Tensor,
    *tensors: Any,
) -> tuple[Tensor, ...]:
    """Return by the reference what `Sequences` returns."""
    state = None if tensors[0] is None else NTMState(*tensors[:4])
    weights = Weights.from_flat(tensors[4:], config.controller_layers)
    results, final = reference.run(inputs, weights, state, config, episode_starts)
    return results, *final
