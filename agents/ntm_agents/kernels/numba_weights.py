"""All weights as arrays: what the kernels read of them, and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.core import Weights
from ntm_agents.kernels.numba_arrays import array
from ntm_agents.kernels.numba_products import sum_outer_products, transpose
from ntm_agents.kernels.numba_tape import Tape
from ntm_agents.kernels.numba_tape import Weights as KernelWeights
from ntm_agents.kernels.numba_threads import in_threads


class WeightArrays(NamedTuple):
    """`Weights`, or their gradients, as contiguous arrays.

    Attributes:
        input_weight: ``(G, I)``.
        input_bias: ``(G,)``.
        heads: ``(P, C)``.
        head_bias: ``(P,)``.
        start: The learned start's memory, logits of weightings, read vectors, controller.
        layers: See `CoreWeights`.
        layer_biases: See `CoreWeights`.
    """

    input_weight: NDArray[Any]
    input_bias: NDArray[Any]
    heads: NDArray[Any]
    head_bias: NDArray[Any]
    start: Sequence[NDArray[Any]]
    layers: Sequence[NDArray[Any]]
    layer_biases: Sequence[NDArray[Any]]


def flatten_weights(weights: Weights) -> list[Tensor]:
    """Return all tensors in the order that `weight_arrays` expects."""
    core = weights.core
    return [
        weights.input_weight,
        weights.input_bias,
        core.heads,
        core.head_bias,
        *weights.start,
        *core.layers,
        *core.layer_biases,
    ]


def weight_arrays(tensors: Sequence[Tensor], config: NTMConfig) -> WeightArrays:
    """View tensors as arrays; those that are not contiguous are copied."""
    return _unflatten([array(tensor.contiguous()) for tensor in tensors], config)


def empty_like(weights: WeightArrays, config: NTMConfig) -> WeightArrays:
    """Return uninitialised arrays of the same shapes."""
    return _unflatten([np.empty_like(field) for field in flatten_arrays(weights)], config)


def flatten_arrays(weights: WeightArrays) -> list[NDArray[Any]]:
    """Return all arrays in the order of `flatten_weights`."""
    return [
        weights.input_weight,
        weights.input_bias,
        weights.heads,
        weights.head_bias,
        *weights.start,
        *weights.layers,
        *weights.layer_biases,
    ]


def _unflatten(arrays: list[NDArray[Any]], config: NTMConfig) -> WeightArrays:
    input_weight, input_bias, heads, head_bias, *others = arrays
    biases = 4 + config.controller_layers
    return WeightArrays(
        input_weight,
        input_bias,
        heads,
        head_bias,
        others[:4],
        others[4:biases],
        others[biases:],
    )


def transposed(weights: WeightArrays) -> KernelWeights:
    """Return matrices as ``(inputs, outputs)``, which the forward kernel reads."""
    heads = _transposed(weights.heads)
    others = [_transposed(layer) for layer in weights.layers[1:]]
    return KernelWeights(
        _transposed(weights.input_weight, weights.layers[0]),
        _stacked(others, heads),
        _stacked([weights.input_bias, *weights.layer_biases], heads),
        heads,
        weights.head_bias,
    )


def straight(weights: WeightArrays) -> KernelWeights:
    """Return matrices as ``(outputs, inputs)``, which the backward kernel reads."""
    return KernelWeights(
        weights.layers[0],
        _stacked(weights.layers[1:], weights.heads),
        weights.input_bias[None],
        weights.heads,
        weights.head_bias,
    )


def _transposed(*matrices: NDArray[Any]) -> NDArray[Any]:
    """Return transposed matrices below each other."""
    inputs = sum(matrix.shape[1] for matrix in matrices)
    target, row = np.empty((inputs, len(matrices[0])), matrices[0].dtype), 0
    for matrix in matrices:
        transpose(matrix, target, row)
        row += matrix.shape[1]
    return target


def _stacked(arrays: Sequence[NDArray[Any]], like: NDArray[Any]) -> NDArray[Any]:
    """Stack arrays; one is not copied, and none are as a matrix like another stacked."""
    if len(arrays) > 1:
        return np.stack(arrays)
    return arrays[0][None] if arrays else like[None, :0]


def write_gradients(config: NTMConfig, tape: Tape, gradient: WeightArrays) -> None:
    """Write the gradient of all but the start, one product each, over ``B · T`` rows."""
    gates, size = config.gates_size, config.controller_size
    d_gate, seen = _rows(tape.d_gates), _rows(tape.seen)
    none = np.empty(0, seen.dtype)
    _product(d_gate, 0, seen, 0, gradient.input_weight, gradient.input_bias)
    column = config.input_size
    for layer, matrix in enumerate(gradient.layers):
        bias = gradient.layer_biases[layer - 1] if layer else none
        _product(d_gate, layer * gates, seen, column, matrix, bias)
        column += matrix.shape[1]
    last = (config.controller_layers - 1) * size
    outputs, d_parameters = _rows(tape.outputs), _rows(tape.d_parameters)
    _product(d_parameters, 0, outputs, last, gradient.heads, gradient.head_bias)


def _rows(of_steps: NDArray[Any]) -> NDArray[Any]:
    """View an array as one row for each step."""
    batch_size, steps = of_steps.shape[:2]
    return of_steps.reshape(batch_size * steps, -1)


def _product(
    left: NDArray[Any],
    left_offset: int,
    right: NDArray[Any],
    right_offset: int,
    total: NDArray[Any],
    left_total: NDArray[Any],
) -> None:
    """Do what `sum_outer_products` does, in all threads."""
    in_threads(
        len(total),
        lambda first, last: sum_outer_products(
            first, last, left, left_offset, right, right_offset, total, left_total
        ),
    )
