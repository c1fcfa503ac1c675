"""All parameters as arrays, as torch lists them and as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ntm_agents.kernels.numba.arrays import dense_array
from ntm_agents.kernels.numba.lang.names import Array
from ntm_agents.kernels.numba.lang.products import transpose
from ntm_agents.kernels.numba.layout import Weights
from ntm_agents.ntm.config import NTMConfig


class Parameters(NamedTuple):
    """All parameters, or their gradients.

    Attributes:
        weights: Of all layers, matrices as ``(outputs, inputs)``.
        start: The learned start's memory, logits of weightings, read vectors, controller; see
            `LearnedStart`.
    """

    weights: Weights
    start: Sequence[Array]


def parameter_arrays(tensors: Sequence[Tensor], config: NTMConfig) -> list[Array]:
    """View the tensors of `Weights.flat` as arrays, copied if they are not contiguous.

    An output layer is always there, with no outputs if the features are wanted.
    """
    arrays = [dense_array(tensor) for tensor in tensors]
    if len(arrays) == len(config.weight_shapes):
        kind = arrays[0].dtype
        arrays += [np.empty((0, config.features_size), kind), np.empty(0, kind)]
    return arrays


def stack(arrays: Sequence[Array], layers: int) -> Parameters:
    """Return parameters as the backward pass reads them; with one layer nothing is copied.

    Args:
        arrays: From `parameter_arrays`.
        layers: L.
    """
    inputs, input_bias, heads, head_bias, *others, output, output_bias = arrays
    start, first, biases = others[:4], others[4], others[4 + layers :]
    above = others[5 : 4 + layers]
    return Parameters(
        Weights(
            inputs,
            first,
            np.stack(above) if above else heads[None, :0],
            np.stack([input_bias, *biases]) if biases else input_bias[None],
            heads,
            head_bias,
            output,
            output_bias,
        ),
        start,
    )


def unstack(parameters: Parameters) -> list[Array]:
    """Return views of all parameters in the order of `parameter_arrays`."""
    weights, start = parameters
    return [
        weights.inputs,
        weights.biases[0],
        weights.heads,
        weights.head_bias,
        *start,
        weights.first,
        *weights.others,
        *weights.biases[1:],
        weights.output,
        weights.output_bias,
    ]


def transposed(weights: Weights) -> Weights:
    """Return matrices as ``(inputs, outputs)``, which the forward kernel reads by rows."""
    others = [_transposed(layer) for layer in weights.others]
    return weights._replace(
        first=_transposed(weights.inputs, weights.first),
        others=np.stack(others) if len(others) > 1 else _one_or_none(others, weights),
        heads=_transposed(weights.heads),
        output=_transposed(weights.output),
    )


def _one_or_none(matrices: list[Array], weights: Weights) -> Array:
    """Return one matrix stacked without a copy, or an empty stack."""
    one: Array = matrices[0][None] if matrices else weights.heads[None, :0]
    return one


def _transposed(*matrices: Array) -> Array:
    """Return transposed matrices below each other."""
    inputs = sum(matrix.shape[1] for matrix in matrices)
    # (inputs, outputs): the product then reads whole rows of outputs, and adds no lanes.
    target, row = np.empty((inputs, len(matrices[0])), matrices[0].dtype), 0
    for matrix in matrices:
        transpose(matrix, target, row)
        row += matrix.shape[1]
    return target
