"""The Numba kernels as a backend: one function for torch's autograd."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from ntm_agents.kernels import reference
from ntm_agents.kernels.core import Results, Weights
from ntm_agents.kernels.derivatives import differentiable_gradients
from ntm_agents.kernels.numba.arrays import array, state_tensors
from ntm_agents.kernels.numba.passes import backward_pass, empty_gradient, forward_pass
from ntm_agents.kernels.numba.weights import parameter_arrays, stack, unstack
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

NO_STATE = (None, None, None, None)


def run(
    inputs: Tensor,
    weights: Weights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    return_entropy: bool = False,
) -> Results:
    """Run whole sequences; see `Run`."""
    outputs, *others = Sequences.apply(  # type: ignore[no-untyped-call]
        config,
        torch.is_grad_enabled(),
        return_entropy,
        episode_starts,
        inputs,
        *(state or NO_STATE),
        *weights.flat(),
    )
    return Results(outputs, NTMState(*others[:4]), others[4] if return_entropy else None)


class Sequences(torch.autograd.Function):
    """The arguments are those of `run`, flat, and whether gradients are wanted."""

    @staticmethod
    def forward(
        ctx: Any,
        config: NTMConfig,
        grad_enabled: bool,
        return_entropy: bool,
        episode_starts: Tensor | None,
        inputs: Tensor,
        *tensors: Any,
    ) -> tuple[Tensor, ...]:
        """Run forward; keep what a pass backward needs."""
        state = None if tensors[0] is None else NTMState(*tensors[:4])
        arrays = parameter_arrays(tensors[4:], config)
        parameters = stack(arrays, config.controller_layers)
        found = forward_pass(
            inputs, parameters, state, config, episode_starts, grad_enabled, return_entropy
        )
        if grad_enabled:
            ctx.set_materialize_grads(False)
            ctx.kept, ctx.parameters, ctx.shape = found.kept, parameters, found.results.shape
            ctx.return_entropy = return_entropy
            ctx.save_for_backward(episode_starts, inputs, *tensors)
        entropy = [torch.from_numpy(found.entropy).sum()] if return_entropy else []
        return found.results, *state_tensors(found.final, config), *entropy

    @staticmethod
    def backward(
        ctx: Any, d_results: Tensor | None, *d_others: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return gradients; by the reference, if they are to be differentiated again."""
        episode_starts, *tensors = ctx.saved_tensors  # an error, if one was changed since
        kept, config, parameters = ctx.kept, ctx.kept.config, ctx.parameters
        if torch.is_grad_enabled():
            repeat = functools.partial(_repeat, config, ctx.return_entropy, episode_starts)
            return (
                *(None,) * 4,
                *differentiable_gradients(
                    repeat, tensors, ctx.needs_input_grad[4:], (d_results, *d_others)
                ),
            )
        if d_results is None:
            d_results = kept.inputs.new_zeros(ctx.shape)
        gradient = empty_gradient(kept, parameters)
        d_inputs = (
            torch.empty_like(kept.inputs, memory_format=torch.contiguous_format)
            if ctx.needs_input_grad[4]
            else None
        )
        d_entropy = d_others[4] if ctx.return_entropy else None
        d_state = backward_pass(
            kept,
            parameters,
            d_results.contiguous(),
            d_others[:4],
            0.0 if d_entropy is None else float(d_entropy),
            gradient,
            None if d_inputs is None else array(d_inputs),
        )
        fields = unstack(gradient)[: len(tensors) - 5]
        from_initial = kept.episodes.from_initial
        return (
            None,
            None,
            None,
            None,
            d_inputs,
            *(NO_STATE if from_initial else state_tensors(d_state, config)),
            *(torch.from_numpy(field) for field in fields),
        )


def _repeat(
    config: NTMConfig,
    return_entropy: bool,
    episode_starts: Tensor | None,
    inputs: Tensor,
    *tensors: Any,
) -> tuple[Tensor, ...]:
    """Return by the reference what `Sequences` returns."""
    state = None if tensors[0] is None else NTMState(*tensors[:4])
    weights = Weights.from_flat(tensors[4:], config.controller_layers)
    found = reference.run(inputs, weights, state, config, episode_starts, return_entropy)
    entropy = [] if found.entropy is None else [found.entropy]
    return found.outputs, *found.state, *entropy
