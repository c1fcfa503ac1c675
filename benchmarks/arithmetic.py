"""How much arithmetic a pass needs, and how much a machine can do."""

from __future__ import annotations

import time

import torch

from ntm_agents.ntm.config import NTMConfig

_BACKWARD_OVER_FORWARD = 2
_REPETITIONS = 20


def flops_of_pass(config: NTMConfig, batch_size: int, steps: int) -> float:
    """Return floating-point operations of a forward and a backward pass.

    Products with weights and with the memory are counted, a multiplication and an addition as
    two; the backward pass needs twice the products of the forward pass. All else is free.

    Args:
        config: The sizes.
        batch_size: B.
        steps: T.
    """
    size, gates = config.controller_size, config.gates_size
    own_hidden = size if config.controller == "lstm" else 0
    layers = (config.input_size + config.read_size + own_hidden) * gates
    layers += (config.controller_layers - 1) * (size + own_hidden) * gates
    heads = size * config.head_parameters_size
    outputs = (size + config.read_size) * config.output_size
    reads_of_memory = config.num_heads + config.num_read_heads + 2 * config.num_write_heads
    memory = reads_of_memory * config.memory_size * config.word_size
    products = layers + heads + outputs + memory
    return 2.0 * (1 + _BACKWARD_OVER_FORWARD) * products * batch_size * steps


def measure_flops_per_second(device: torch.device, size: int) -> float:
    """Return the rate of a product of two square float32 matrices, on a CPU by CPU time.

    Args:
        device: Where.
        size: Rows and columns of the matrices.
    """
    matrix = torch.rand(size, size, device=device)
    _wait(device, matrix)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    started = clock()
    for _ in range(_REPETITIONS):
        matrix @ matrix
    _wait(device, matrix)
    return 2.0 * size**3 * _REPETITIONS / (clock() - started)


def _wait(device: torch.device, matrix: torch.Tensor) -> None:
    matrix @ matrix
    if device.type == "cuda":
        torch.cuda.synchronize(device)
