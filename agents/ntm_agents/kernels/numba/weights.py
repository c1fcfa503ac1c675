"""All weights as arrays: what the kernels read of them, and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.kernels.numba.arrays import dense_array
from ntm_agents.kernels.numba.lang.products import transpose
from ntm_agents.kernels.numba.tape import Weights as KernelWeights
from ntm_agents.ntm.config import NTMConfig


class WeightArrays(NamedTuple):
    """`Weights`, or their gradients, as contiguous arrays.

    Attributes:
        input_weight: ``(G, I)``.
        input_bias: ``(G,)``.
        heads: ``(P, C)``.
        head_bias: ``(P,)``.
        output: ``(O, C + R · M)``; O is zero if the features are wanted.
        output_bias: ``(O,)``.
        start: The learned start's memory, logits of weightings, read vectors, controller.
        layers: See `CoreWeights`.
        layer_biases: See `CoreWeights`.
    """

    input_weight: NDArray[Any]
    input_bias: NDArray[Any]
    heads: NDArray[Any]
    head_bias: NDArray[Any]
    output: NDArray[Any]
    output_bias: NDArray[Any]
    start: Sequence[NDArray[Any]]
    layers: Sequence[NDArray[Any]]
    layer_biases: Sequence[NDArray[Any]]


def weight_arrays(tensors: Sequence[Tensor], config: NTMConfig) -> WeightArrays:
    """View the tensors of `Weights.flat` as arrays, copied if they are not contiguous."""
    arrays = [dense_array(tensor) for tensor in tensors]
    if len(arrays) == len(config.weight_shapes):
        kind = arrays[0].dtype
        arrays += [np.empty((0, config.features_size), kind), np.empty(0, kind)]
    return _unflatten(arrays, config)


def empty_like(weights: WeightArrays, config: NTMConfig) -> WeightArrays:
    """Return uninitialised arrays of the same shapes."""
    return _unflatten([np.empty_like(field) for field in flatten_arrays(weights)], config)


def flatten_arrays(weights: WeightArrays) -> list[NDArray[Any]]:
    """Return all arrays in the order of `Weights.flat`, those of an output layer always."""
    return [
        weights.input_weight,
        weights.input_bias,
        weights.heads,
        weights.head_bias,
        *weights.start,
        *weights.layers,
        *weights.layer_biases,
        weights.output,
        weights.output_bias,
    ]


def _unflatten(arrays: list[NDArray[Any]], config: NTMConfig) -> WeightArrays:
    input_weight, input_bias, heads, head_bias, *others, output, output_bias = arrays
    biases = 4 + config.controller_layers
    return WeightArrays(
        input_weight,
        input_bias,
        heads,
        head_bias,
        output,
        output_bias,
        others[:4],
        others[4:biases],
        others[biases:],
    )


def transposed(weights: WeightArrays) -> KernelWeights:
    """Return matrices as ``(inputs, outputs)``, which the forward kernel reads."""
    heads = _transposed(weights.heads)
    others = [_transposed(layer) for layer in weights.layers[1:]]
    return KernelWeights(
        weights.input_weight,
        _transposed(weights.input_weight, weights.layers[0]),
        _stacked(others, heads),
        _stacked([weights.input_bias, *weights.layer_biases], heads),
        heads,
        weights.head_bias,
        _transposed(weights.output),
        weights.output_bias,
    )


def straight(weights: WeightArrays) -> KernelWeights:
    """Return matrices as ``(outputs, inputs)``, which the backward kernel reads."""
    return KernelWeights(
        weights.input_weight,
        weights.layers[0],
        _stacked(weights.layers[1:], weights.heads),
        weights.input_bias[None],
        weights.heads,
        weights.head_bias,
        weights.output,
        weights.output_bias,
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


def totals_of(gradient: WeightArrays) -> KernelWeights:
    """Return where a kernel writes gradients: the arrays themselves, if there is one layer."""
    layers, heads = len(gradient.layers), gradient.heads
    return KernelWeights(
        gradient.input_weight,
        gradient.layers[0],
        np.empty((layers - 1, *gradient.layers[-1].shape), heads.dtype),
        np.empty((layers, len(gradient.input_bias)), heads.dtype)
        if layers > 1
        else gradient.input_bias[None],
        heads,
        gradient.head_bias,
        gradient.output,
        gradient.output_bias,
    )


def unstack(totals: KernelWeights, gradient: WeightArrays) -> None:
    """Copy what `totals_of` has stacked."""
    if len(gradient.layers) > 1:
        gradient.input_bias[...] = totals.biases[0]
        for layer, bias in enumerate(gradient.layer_biases):
            gradient.layers[layer + 1][...] = totals.others[layer]
            bias[...] = totals.biases[layer + 1]
