"""``ntm-gym bench ntm``: the core's backends beside each other and beside ``nn.LSTM``."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import ntm_cuda
from benchmarks.arithmetic import flops_of_pass, measure_flops_per_second
from benchmarks.ntm_contestants import BATCH_SIZES, STEPS, contestants, lstm_name, sizes
from benchmarks.timing import cpu_seconds_per_call, interleave, medians, spreads
from ntm_agents.ntm.module import NTM

_SECONDS = 0.2


def measure(rounds: int, full: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Measure forward passes, and forward and backward passes together.

    On a CPU one thread runs, and CPU time counts; on a CUDA device see `ntm_cuda.measure`.

    Args:
        rounds: Interleaved rounds, in each of which every contestant runs; medians are
            reported.
        full: Also compile a step of the reference with ``torch.compile``, for copy's sizes,
            and measure the paper's sizes for the other tasks; takes about ten minutes.
        device: ``"cpu"`` or a CUDA device.

    Returns:
        The result, ready for JSON.

    Raises:
        ValueError: If there is no such device.
    """
    if device != "cpu":
        return ntm_cuda.measure(rounds, full, torch.device(device))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        competing = contestants(full)
        both = interleave(
            {name: _time(_passes(*shape)) for name, shape in competing.items()}, rounds
        )
        forward = interleave(
            {name: _time(_forward_pass(*shape)) for name, shape in competing.items()}, rounds
        )
        flops_per_second = measure_flops_per_second(torch.device("cpu"), 512)
    finally:
        torch.set_num_threads(threads)
    return {
        "unit": "milliseconds of CPU time for a forward and a backward pass, median of rounds",
        "steps": STEPS,
        "rounds": rounds,
        "milliseconds": _rounded(medians(both)),
        "forward_milliseconds": _rounded(medians(forward)),
        "slowest_over_fastest_round": spreads(both),
        "gigaflops_per_second": round(flops_per_second / 1e9, 1),
        "floor_milliseconds": {
            name: round(1e3 * _flops(network, inputs) / flops_per_second, 4)
            for name, (network, inputs) in competing.items()
            if isinstance(network, NTM)
        },
        "saved_bytes_per_step": {
            name: _saved_bytes(network, inputs) // (STEPS * len(inputs))
            for name, (network, inputs) in competing.items()
            if isinstance(network, NTM)
        },
        "machine": platform.platform(),
        **_processor(),
        "versions": {name: version(name) for name in ("ntm-gym", "torch", "numba")},
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _processor() -> dict[str, Any]:
    """Return what the kernels and torch were compiled or chosen for."""
    from ntm_agents.kernels.numba.lang import machine

    return {
        "processor": machine.processor()[0],
        "register_bytes": machine.REGISTER_BYTES,
        "registers": machine.REGISTER_COUNT,
        "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def _passes(network: nn.Module, inputs: Tensor) -> Callable[[], None]:
    def run() -> None:
        network.zero_grad(set_to_none=False)
        network(inputs)[0].sum().backward()

    return run


def _forward_pass(network: nn.Module, inputs: Tensor) -> Callable[[], None]:
    @torch.no_grad()
    def run() -> None:
        network(inputs)

    return run


def _time(run: Callable[[], None]) -> Callable[[], float]:
    """Return what measures milliseconds of CPU time a call."""
    return lambda: 1e3 * cpu_seconds_per_call(run, _SECONDS)


def _flops(ntm: NTM, inputs: Tensor) -> float:
    return flops_of_pass(ntm.config, len(inputs), inputs.shape[1])


def _saved_bytes(network: NTM, inputs: Tensor) -> int:
    """Return the size of all that is kept for the backward pass."""
    if network.backend == "numba":
        from ntm_agents.kernels.numba.passes import forward_pass
        from ntm_agents.kernels.numba.weights import parameter_arrays, stack

        config, tensors = network.config, network.weights().flat()
        parameters = stack(parameter_arrays(tensors, config), config.controller_layers)
        found = forward_pass(inputs, parameters, None, config, None, keep=True)
        return sum(field.nbytes for field in found.kept.memory.tape)
    storages: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(inputs)[0].sum()
    return sum(storages.values())


def format_result(result: dict[str, Any]) -> str:
    """Return a result of `measure` as a Markdown table."""
    if "device" in result:
        return ntm_cuda.format_result(result)
    milliseconds = result["milliseconds"]
    lines = [
        "| size | batch | numba | floor | reference | torch.compile | reference / numba "
        "| numba / nn.LSTM | bytes kept a step: numba | reference |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, config in sizes(full=True).items():
        for batch_size in BATCH_SIZES:
            if f"{name} numba {batch_size}" not in milliseconds:
                continue
            numba = milliseconds[f"{name} numba {batch_size}"]
            reference = milliseconds[f"{name} reference {batch_size}"]
            lstm = milliseconds[f"{lstm_name(config.controller_size)} {batch_size}"]
            compiled = milliseconds.get(f"{name} torch.compile {batch_size}")
            kept = result["saved_bytes_per_step"]
            lines.append(
                f"| {name} | {batch_size} | {numba:.2f} ms "
                f"| {result['floor_milliseconds'][f'{name} numba {batch_size}']:.2f} ms "
                f"| {reference:.1f} ms "
                f"| {'not measured' if compiled is None else f'{compiled:.1f} ms'} "
                f"| {reference / numba:.1f} | {numba / lstm:.2f} "
                f"| {kept[f'{name} numba {batch_size}']:,} "
                f"| {kept[f'{name} reference {batch_size}']:,} |"
            )
    return "\n".join(lines)
