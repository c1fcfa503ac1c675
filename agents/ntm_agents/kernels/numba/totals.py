"""Gradients of the weights, summed over the steps of a few sequences at a time.

What is summed is still in the cache then, and what only the sums need is kept for a few
sequences instead of for all.
"""

from __future__ import annotations

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, pointer
from ntm_agents.kernels.numba.lang.products import Rows, add_outer_products
from ntm_agents.kernels.numba.layout import Sizes, Tape, Weights, seen_offset
from ntm_agents.kernels.numba.workspace import add, clear


@kernel
def clear_totals(totals: Weights) -> None:
    """Write zeros."""
    # Not allocated as zeros: `totals` may be the parameters' own gradients.
    clear(pointer(totals.inputs), totals.inputs.size)
    clear(pointer(totals.first), totals.first.size)
    clear(pointer(totals.others), totals.others.size)
    clear(pointer(totals.biases), totals.biases.size)
    clear(pointer(totals.heads), totals.heads.size)
    clear(pointer(totals.head_bias), totals.head_bias.size)
    clear(pointer(totals.output), totals.output.size)
    clear(pointer(totals.output_bias), totals.output_bias.size)


@kernel
def add_to_totals(
    totals: Weights,
    tape: Tape,
    d_gates: Pointer,
    d_raw: Pointer,
    d_results: Pointer,
    sizes: Sizes,
    rows: int,
) -> None:
    """Add the gradients of all weights.

    Args:
        totals: Added to: gradients over the sequences of one thread, where `Weights` has the
            weights, matrices as ``(outputs, inputs)``.
        tape: Its rows, beginning with the first.
        d_gates: Gradient of all layers' pre-activations, ``(rows, L, G)``.
        d_raw: Gradient of the head layer's output, ``(rows, P)``.
        d_results: Gradient of the outputs, ``(rows, O)``; of the features not looked at.
        sizes: The sizes.
        rows: Steps of all sequences.
    """
    gates, inputs = sizes.gates, sizes.inputs
    for layer in range(sizes.layers):
        d_gate = Rows(at(d_gates, layer * gates), sizes.layers * gates)
        seen = at(tape.seen, seen_offset(sizes, layer))
        width, total = seen_offset(sizes, layer + 1) - seen_offset(sizes, layer), totals.first
        if layer == 0:
            # What the first layer sees begins with the inputs, whose weights lie apart.
            rights = Rows(seen, sizes.step.seen)
            add_outer_products(d_gate, gates, rights, inputs, rows, totals.inputs)
            seen, width = at(seen, inputs), width - inputs
        else:
            total = at(totals.others, (layer - 1) * gates * width)
        add_outer_products(d_gate, gates, Rows(seen, sizes.step.seen), width, rows, total)
        _add_rows(d_gate, gates, rows, at(totals.biases, layer * gates))
    parameters, outputs = sizes.parameters, sizes.outputs
    features = Rows(at(tape.outputs, sizes.step.outputs - sizes.features), sizes.step.outputs)
    d_head = Rows(d_raw, parameters)
    add_outer_products(d_head, parameters, features, sizes.controller, rows, totals.heads)
    _add_rows(d_head, parameters, rows, totals.head_bias)
    d_output = Rows(d_results, outputs)
    add_outer_products(d_output, outputs, features, sizes.features, rows, totals.output)
    _add_rows(d_output, outputs, rows, totals.output_bias)


@kernel
def _add_rows(numbers: Rows, count: int, rows: int, total: Pointer) -> None:
    """Add up the gradients of a bias."""
    # Rows of (T · sequences), a bias at a time: vectors of it stay in registers.
    for row in range(rows):
        add(at(numbers.first, row * numbers.stride), count, total)
