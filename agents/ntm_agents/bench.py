"""``ntm-gym bench ntm``: the core's backends beside each other and beside ``nn.LSTM``."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from ntm_agents import bench_cuda
from ntm_agents.bench_arithmetic import flops_of_pass, measure_flops_per_second
from ntm_agents.config import Controller, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm import NTM
from ntm_agents.training.paper_tables import TABLE_1, TABLE_2

STEPS = 42
BATCH_SIZES = (1, 32, 256)
CONTROLLERS: tuple[Controller, ...] = ("feedforward", "lstm")
BACKENDS: tuple[Backend, ...] = ("reference", "numba")
_SECONDS = 0.2


def measure(rounds: int, full: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Measure forward passes, and forward and backward passes together.

    On a CPU one thread runs, and CPU time counts; on a CUDA device see `bench_cuda.measure`.

    Args:
        rounds: Interleaved rounds, in each of which every contestant runs; medians are
            reported.
        full: Also compile the reference with ``torch.compile``, and measure the paper's sizes
            for the other tasks; takes an hour instead of minutes.
        device: ``"cpu"`` or a CUDA device.

    Returns:
        The result, ready for JSON.

    Raises:
        ValueError: If there is no such device.
    """
    if device != "cpu":
        return bench_cuda.measure(rounds, full, torch.device(device))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        contestants = _contestants(full)
        both: dict[str, list[float]] = {name: [] for name in contestants}
        forward: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, (network, inputs) in contestants.items():
                both[name].append(_time(_passes(network, inputs)))
                forward[name].append(_time(_forward_pass(network, inputs)))
        flops_per_second = measure_flops_per_second(torch.device("cpu"), 512)
    finally:
        torch.set_num_threads(threads)
    return {
        "unit": "milliseconds of CPU time for a forward and a backward pass, median of rounds",
        "steps": STEPS,
        "rounds": rounds,
        "milliseconds": _medians(both),
        "forward_milliseconds": _medians(forward),
        "slowest_over_fastest_round": {
            name: round(max(times) / min(times), 2) for name, times in both.items()
        },
        "gigaflops_per_second": round(flops_per_second / 1e9, 1),
        "floor_milliseconds": {
            name: round(1e3 * _flops(network, inputs) / flops_per_second, 4)
            for name, (network, inputs) in contestants.items()
            if isinstance(network, NTM)
        },
        "saved_bytes_per_step": {
            name: _saved_bytes(network, inputs) // (STEPS * len(inputs))
            for name, (network, inputs) in contestants.items()
            if isinstance(network, NTM) and network.backend == "reference"
        },
        "machine": platform.platform(),
        "versions": {name: version(name) for name in ("ntm-gym", "torch", "numba")},
    }


def _medians(found: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.median(times), 4) for name, times in found.items()}


def _sizes(full: bool) -> dict[str, NTMConfig]:
    """Return the sizes to measure; those for copy are named by their controller alone."""
    named: dict[str, NTMConfig] = {
        controller: NTMConfig(9, 8, controller) for controller in CONTROLLERS
    }
    for controller, table in zip(CONTROLLERS, (TABLE_1, TABLE_2), strict=True):
        for task, row in table.items() if full else ():
            if task != "copy":
                named[f"{task} {controller}"] = NTMConfig(
                    9,
                    8,
                    controller,
                    row.controller_size,
                    row.controller_layers,
                    num_read_heads=row.heads,
                    num_write_heads=row.heads,
                )
    return named


def _contestants(full: bool) -> dict[str, tuple[nn.Module, Tensor]]:
    contestants: dict[str, tuple[nn.Module, Tensor]] = {}
    for batch_size in BATCH_SIZES:
        inputs = torch.randn(batch_size, STEPS, 9)
        for name, config in _sizes(full).items():
            for backend in BACKENDS:
                contestants[f"{name} {backend} {batch_size}"] = (NTM(config, backend), inputs)
            if full:
                compiled: Any = torch.compile(NTM(config, "reference"))
                contestants[f"{name} torch.compile {batch_size}"] = (compiled, inputs)
        for size in sorted({config.controller_size for config in _sizes(full).values()}):
            name = "nn.LSTM" if size == 100 else f"nn.LSTM({size})"
            lstm = nn.LSTM(9, size, batch_first=True)
            contestants[f"{name} {batch_size}"] = (lstm, inputs)
    return contestants


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


def _time(run: Callable[[], None]) -> float:
    """Return milliseconds of CPU time a call, over calls that take a while together."""
    run()
    started, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - started < _SECONDS:
        run()
        calls += 1
    return 1e3 * (time.process_time() - started) / calls


def _flops(ntm: NTM, inputs: Tensor) -> float:
    return flops_of_pass(ntm.config, len(inputs), inputs.shape[1])


def _saved_bytes(network: nn.Module, inputs: Tensor) -> int:
    """Return the size of all distinct arrays that autograd keeps for the backward pass."""
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
        return bench_cuda.format_result(result)
    milliseconds = result["milliseconds"]
    lines = [
        "| controller | batch | numba | reference | reference / numba | numba / nn.LSTM(100) |",
        "|---|---|---|---|---|---|",
    ]
    for controller in CONTROLLERS:
        for batch_size in BATCH_SIZES:
            numba = milliseconds[f"{controller} numba {batch_size}"]
            reference = milliseconds[f"{controller} reference {batch_size}"]
            lstm = milliseconds[f"nn.LSTM {batch_size}"]
            lines.append(
                f"| {controller} | {batch_size} | {numba:.2f} ms | {reference:.1f} ms "
                f"| {reference / numba:.1f} | {numba / lstm:.2f} |"
            )
    return "\n".join(lines)
