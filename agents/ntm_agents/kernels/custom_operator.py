"""The kernels as one operator of torch's, which `torch.compile` and `torch.export` see.

A compiler cannot look into a kernel; as an operator it is one opaque step with a shape and a
gradient. Outside of a compiler nothing here is used: an operator's dispatch costs more than a
short sequence. What a pass forward keeps for the one backward is no tensor, so the backward
operator runs the sequence again.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from ntm_agents.kernels.core import (
    CoreWeights,
    Results,
    Run,
    Weights,
    flat_core_arguments,
    with_projections,
)
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState


def run_numba(
    inputs: Tensor,
    weights: Weights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    return_entropy: bool = False,
) -> Results:
    """Run whole sequences by the operator; see `Run`."""
    tensors = [inputs, *(state or ()), *weights.flat()]
    results = config.features_size if weights.output is None else weights.output[1].shape[0]
    outputs, *final = core(
        "numba",
        sizes_of(config),
        state is not None,
        results,
        return_entropy,
        episode_starts,
        tensors,
    )
    return _named(outputs, final)


def _run_triton_core(
    projected: Tensor,
    weights: CoreWeights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    initial_state: NTMState | None = None,
    return_entropy: bool = False,
) -> Results:
    features, *final = core(
        "triton",
        sizes_of(config),
        True,
        config.features_size,
        return_entropy,
        episode_starts,
        flat_core_arguments(projected, weights, state, initial_state),
    )
    return _named(features, final)


def _named(outputs: Tensor, others: list[Tensor]) -> Results:
    """Name what the operator returns: a state, and an entropy if it is wanted."""
    entropy = others[4] if len(others) > 4 else None
    return Results(outputs, NTMState(*others[:4]), entropy)


Function = TypeVar("Function", bound=Callable[..., Any])


def constant_for_compilers(function: Function) -> Function:
    """Mark a function as `torch.compiler.assume_constant_result` does.

    That one imports the whole compiler, and Triton with it, only to set this mark.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


RUNS: dict[str, Run] = {
    "numba": run_numba,
    "triton": with_projections(_run_triton_core),
}
"""Backends for a compiler, by their names."""


@constant_for_compilers
def sizes_of(config: NTMConfig) -> str:
    """Return a configuration as text, which an operator can be given."""
    return json.dumps(dataclasses.asdict(config))


@functools.lru_cache
def _config_of(sizes: str) -> NTMConfig:
    return NTMConfig(**json.loads(sizes))


@torch.library.custom_op("ntm_agents::core", mutates_args=())
def core(
    kernel: str,
    sizes: str,
    has_state: bool,
    results: int,
    return_entropy: bool,
    episode_starts: Tensor | None,
    tensors: list[Tensor],
) -> list[Tensor]:
    """Run whole sequences.

    Args:
        kernel: Name of the backend.
        sizes: From `sizes_of`.
        has_state: Whether there is a state among the tensors.
        results: Numbers that come out at each step.
        return_entropy: See `Run`.
        episode_starts: See `Run`.
        tensors: What the kernel's function for autograd is given.

    Returns:
        What it returns.
    """
    arguments = _arguments(sizes, has_state, False, episode_starts, return_entropy, tensors)
    with torch.no_grad():
        outputs = _function(kernel).forward(_Context(), *arguments)
    return [output.contiguous() for output in outputs]


@core.register_fake
def _(
    kernel: str,
    sizes: str,
    has_state: bool,
    results: int,
    return_entropy: bool,
    episode_starts: Tensor | None,
    tensors: list[Tensor],
) -> list[Tensor]:
    inputs = tensors[0]
    batch_size, steps, _ = inputs.shape
    return [
        inputs.new_empty(batch_size, steps, results),
        *(inputs.new_empty(batch_size, *s) for _, s in _config_of(sizes).state_shapes),
        *([inputs.new_empty(())] if return_entropy else []),
    ]


@torch.library.custom_op("ntm_agents::core_backward", mutates_args=())
def core_backward(
    kernel: str,
    sizes: str,
    has_state: bool,
    return_entropy: bool,
    episode_starts: Tensor | None,
    tensors: list[Tensor],
    gradients: list[Tensor],
) -> list[Tensor]:
    """Return the gradient of each tensor that `core` was given, from those of its outputs."""
    arguments = _arguments(sizes, has_state, True, episode_starts, return_entropy, tensors)
    function, context = _function(kernel), _Context()
    with torch.no_grad():
        function.forward(context, *arguments)
        context.needs_input_grad = (True,) * len(arguments)
        found = function.backward(context, *gradients)[4:]
    given = [g for g, a in zip(found, arguments[4:], strict=True) if a is not None]
    return [
        torch.zeros_like(t, memory_format=torch.contiguous_format)
        if gradient is None
        else gradient.contiguous()
        for gradient, t in zip(given, tensors, strict=True)
    ]


@core_backward.register_fake
def _(
    kernel: str,
    sizes: str,
    has_state: bool,
    return_entropy: bool,
    episode_starts: Tensor | None,
    tensors: list[Tensor],
    gradients: list[Tensor],
) -> list[Tensor]:
    return [torch.empty_like(t, memory_format=torch.contiguous_format) for t in tensors]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *ctx.constants, _, ctx.return_entropy, episode_starts, tensors = inputs
    ctx.save_for_backward(episode_starts, *tensors)


def _backward(ctx: Any, gradients: list[Tensor]) -> tuple[Any, ...]:
    episode_starts, *tensors = ctx.saved_tensors
    found = core_backward(
        *ctx.constants, ctx.return_entropy, episode_starts, tensors, gradients
    )
    return (*(None,) * 6, found)


core.register_autograd(_backward, setup_context=_keep)


class _Context:
    """What `torch.autograd.Function` is given in place of its own context."""

    saved_tensors: tuple[Tensor | None, ...]
    needs_input_grad: tuple[bool, ...]

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        self.saved_tensors = tensors

    def set_materialize_grads(self, value: bool) -> None:
        pass


def _function(kernel: str) -> Any:
    if kernel == "numba":
        from ntm_agents.kernels.numba.cpu import Sequences

        return Sequences
    from ntm_agents.kernels.triton.gpu import Core

    return Core


def _arguments(
    sizes: str,
    has_state: bool,
    keep: bool,
    episode_starts: Tensor | None,
    return_entropy: bool,
    tensors: list[Tensor],
) -> list[Any]:
    state = [] if has_state else [None] * 4
    return [
        _config_of(sizes),
        keep,
        return_entropy,
        episode_starts,
        tensors[0],
        *state,
        *tensors[1:],
    ]
