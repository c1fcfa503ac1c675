"""The controller in one step, forward and backward.

Vectors pass from one part of a step to the next through memory that the whole program sees;
a barrier stands between the parts. All pointers are rows of pointers but those to weights.
"""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.tape import ControllerGradients, Sizes, Weights
from ntm_agents.kernels.triton.vectors import (
    Value,
    kernel,
    load_vector,
    product,
    sigmoid,
    store_vector,
    tanh,
    transposed_product,
)


@kernel
def _layer(weights: Weights, layer: tl.constexpr, sizes: Sizes) -> Value:
    """Return one layer's matrix, its columns, and the width of what the layer sees below."""
    own_hidden: tl.constexpr = sizes.controller if sizes.recurrent else 0
    if layer == 0:
        width = sizes.reads * sizes.words
        matrix = weights.first
    else:
        width = sizes.controller
        matrix = weights.others + (layer - 1) * sizes.gates * (sizes.controller + own_hidden)
    return matrix, width + own_hidden, width


@kernel
def layer_outputs(
    gates: tl.tensor, after: tl.tensor, layer: tl.constexpr, sizes: Sizes
) -> Value:
    """Return where one layer's outputs are, given gates and state after the step."""
    if sizes.recurrent:
        outputs = after + layer * sizes.controller
    else:
        outputs = gates + layer * sizes.gates
    return outputs


@kernel
def _update_lstm(
    gates: tl.tensor, before: tl.tensor, after: tl.tensor, valid: tl.tensor, sizes: Sizes
) -> None:
    """Store next hidden states and cells of one layer, given its activated gates."""
    size = sizes.controller
    cells: tl.constexpr = sizes.layers * sizes.controller
    for first in range(0, size, sizes.rows_block):
        c = first + tl.arange(0, sizes.rows_block)
        input_gate = load_vector(gates, c, size, valid)
        forget_gate = load_vector(gates + size, c, size, valid)
        candidate = load_vector(gates + 2 * size, c, size, valid)
        output_gate = load_vector(gates + 3 * size, c, size, valid)
        cell = forget_gate * load_vector(before + cells, c, size, valid)
        cell += input_gate * candidate
        store_vector(after + cells, c, size, valid, cell)
        store_vector(after, c, size, valid, output_gate * tanh(cell))


@kernel
def controller_step(
    projected: tl.tensor,
    weights: Weights,
    read_vectors: tl.tensor,
    before: tl.tensor,
    gates: tl.tensor,
    after: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Store the gates of all layers and the controller's next state.

    Args:
        projected: Input projection of this step.
        weights: See `Weights`.
        read_vectors: Before the step.
        before: Controller state before the step.
        gates: Stored, ``(L, G)``.
        after: Stored; may be ``before``.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    seen = read_vectors
    layers: tl.constexpr = sizes.layers
    for layer in tl.static_range(layers):
        matrix, stride, width = _layer(weights, layer, sizes)
        hidden = before + layer * sizes.controller
        target = gates + layer * sizes.gates
        for first in range(0, sizes.gates, sizes.rows_block):
            g = first + tl.arange(0, sizes.rows_block)
            if layer == 0:
                total = load_vector(projected, g, sizes.gates, valid)
            else:
                bias = weights.biases + (layer - 1) * sizes.gates
                total = tl.load(bias + g, mask=g < sizes.gates, other=0.0)[None, :]
            total += product(matrix, g, sizes.gates, stride, seen, width, valid, sizes)
            if sizes.recurrent:
                total += product(
                    matrix + width,
                    g,
                    sizes.gates,
                    stride,
                    hidden,
                    sizes.controller,
                    valid,
                    sizes,
                )
                # The third of four gates is the candidate, with tanh.
                is_candidate = (g // sizes.controller == 2)[None, :]
                activated = tl.where(is_candidate, tanh(total), sigmoid(total))
            else:
                activated = tanh(total)
            store_vector(target, g, sizes.gates, valid, activated)
        # What follows reads numbers that other threads have stored.
        tl.debug_barrier()
        if sizes.recurrent:
            next_hidden = after + layer * sizes.controller
            _update_lstm(target, hidden, next_hidden, valid, sizes)
            tl.debug_barrier()
        seen = layer_outputs(gates, after, layer, sizes)


@kernel
def head_layer(
    weights: Weights,
    outputs: tl.tensor,
    parameters: tl.tensor,
    rows: int,
    features: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Store raw head parameters, ``rows`` of them, and the outputs as features."""
    for first in range(0, rows, sizes.rows_block):
        p = first + tl.arange(0, sizes.rows_block)
        total = tl.load(weights.head_bias + p, mask=p < rows, other=0.0)[None, :]
        size = sizes.controller
        total += product(weights.heads, p, rows, size, outputs, size, valid, sizes)
        store_vector(parameters, p, rows, valid, total)
    for first in range(0, sizes.controller, sizes.rows_block):
        c = first + tl.arange(0, sizes.rows_block)
        numbers = load_vector(outputs, c, sizes.controller, valid)
        store_vector(features, c, sizes.controller, valid, numbers)
    tl.debug_barrier()


@kernel
def head_layer_backward(
    weights: Weights,
    d_parameters: tl.tensor,
    rows: int,
    d_features: tl.tensor,
    d_outputs: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Store the gradient of the last layer's outputs, ``(C,)``."""
    size = sizes.controller
    for first in range(0, size, sizes.columns_block):
        c = first + tl.arange(0, sizes.columns_block)
        total = load_vector(d_features, c, size, valid)
        total += transposed_product(
            weights.heads, c, size, size, d_parameters, rows, valid, sizes
        )
        store_vector(d_outputs, c, size, valid, total)
    tl.debug_barrier()


@kernel
def _lstm_backward(
    gates: tl.tensor,
    before: tl.tensor,
    d_outputs: tl.tensor,
    d_state: tl.tensor,
    d_gates: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Store gradients of one layer's gates before their activation, and of its last cell."""
    size = sizes.controller
    cells: tl.constexpr = sizes.layers * sizes.controller
    for first in range(0, size, sizes.rows_block):
        c = first + tl.arange(0, sizes.rows_block)
        i = load_vector(gates, c, size, valid)
        f = load_vector(gates + size, c, size, valid)
        g = load_vector(gates + 2 * size, c, size, valid)
        o = load_vector(gates + 3 * size, c, size, valid)
        cell = load_vector(before + cells, c, size, valid)
        squashed = tanh(f * cell + i * g)
        d_hidden = load_vector(d_outputs, c, size, valid) + load_vector(d_state, c, size, valid)
        d_cell = load_vector(d_state + cells, c, size, valid)
        d_cell += d_hidden * o * (1.0 - squashed * squashed)
        store_vector(d_gates, c, size, valid, d_cell * g * i * (1.0 - i))
        store_vector(d_gates + size, c, size, valid, d_cell * cell * f * (1.0 - f))
        store_vector(d_gates + 2 * size, c, size, valid, d_cell * i * (1.0 - g * g))
        store_vector(d_gates + 3 * size, c, size, valid, d_hidden * squashed * o * (1.0 - o))
        store_vector(d_state + cells, c, size, valid, d_cell * f)


@kernel
def _feedforward_backward(
    outputs: tl.tensor, d_outputs: tl.tensor, d_gates: tl.tensor, valid: tl.tensor, sizes: Sizes
) -> None:
    """Store the gradient of one layer's pre-activations."""
    for first in range(0, sizes.controller, sizes.rows_block):
        c = first + tl.arange(0, sizes.rows_block)
        output = load_vector(outputs, c, sizes.controller, valid)
        d_output = load_vector(d_outputs, c, sizes.controller, valid)
        d_gate = d_output * (1.0 - output * output)
        store_vector(d_gates, c, sizes.controller, valid, d_gate)


@kernel
def _input_backward(
    matrix: tl.tensor,
    stride: int,
    width: int,
    d_gates: tl.tensor,
    d_inputs: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Store the gradient of a layer's inputs that meet the first ``width`` columns."""
    for first in range(0, width, sizes.columns_block):
        k = first + tl.arange(0, sizes.columns_block)
        total = transposed_product(matrix, k, width, stride, d_gates, sizes.gates, valid, sizes)
        store_vector(d_inputs, k, width, valid, total)


@kernel
def controller_backward(
    weights: Weights,
    gates: tl.tensor,
    before: tl.tensor,
    gradients: ControllerGradients,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Carry a gradient back through all layers.

    Args:
        weights: See `Weights`.
        gates: Activations, ``(L, G)``.
        before: Controller state before the step.
        gradients: See `ControllerGradients`.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    d_outputs, d_state, d_gates = gradients.outputs, gradients.state, gradients.gates
    layers: tl.constexpr = sizes.layers
    for layer in tl.static_range(layers - 1, -1, -1):
        matrix, stride, width = _layer(weights, layer, sizes)
        own = layer * sizes.controller
        gate, d_gate = gates + layer * sizes.gates, d_gates + layer * sizes.gates
        if sizes.recurrent:
            _lstm_backward(gate, before + own, d_outputs, d_state + own, d_gate, valid, sizes)
        else:
            _feedforward_backward(gate, d_outputs, d_gate, valid, sizes)
        tl.debug_barrier()
        if layer == 0:
            _input_backward(matrix, stride, width, d_gate, gradients.read_vectors, valid, sizes)
        else:
            _input_backward(matrix, stride, width, d_gate, d_outputs, valid, sizes)
        if sizes.recurrent:
            size = sizes.controller
            _input_backward(matrix + width, stride, size, d_gate, d_state + own, valid, sizes)
        tl.debug_barrier()
