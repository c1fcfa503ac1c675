"""``ntm-gym bench ntm``: the core's backends beside each other and beside ``nn.LSTM``."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

from ntm_agents.config import Controller, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm import NTM

STEPS = 42
BATCH_SIZES = (1, 32, 256)
CONTROLLERS: tuple[Controller, ...] = ("feedforward", "lstm")
BACKENDS: tuple[Backend, ...] = ("reference", "numba")
_SECONDS = 0.2


def measure(rounds: int) -> dict[str, Any]:
    """Measure forward and backward passes at the paper's size for copy, on one thread.

    Args:
        rounds: Interleaved rounds, in each of which every contestant runs; medians are
            reported.

    Returns:
        The result, ready for JSON.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        contestants = _contestants()
        found: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, run in contestants.items():
                found[name].append(_time(run))
    finally:
        torch.set_num_threads(threads)
    medians = {name: statistics.median(times) for name, times in found.items()}
    return {
        "unit": "milliseconds of CPU time for a forward and a backward pass, median of rounds",
        "steps": STEPS,
        "rounds": rounds,
        "milliseconds": {name: round(value, 4) for name, value in medians.items()},
        "slowest_over_fastest_round": {
            name: round(max(times) / min(times), 2) for name, times in found.items()
        },
        "machine": platform.platform(),
        "versions": {name: version(name) for name in ("ntm-gym", "torch", "numba")},
    }


def _contestants() -> dict[str, Callable[[], None]]:
    contestants = {}
    for batch_size in BATCH_SIZES:
        inputs = torch.randn(batch_size, STEPS, 9)
        for controller in CONTROLLERS:
            for backend in BACKENDS:
                ntm = NTM(NTMConfig(9, 8, controller), backend)
                contestants[f"{controller} {backend} {batch_size}"] = _passes(ntm, inputs)
        lstm = nn.LSTM(9, 100, batch_first=True)
        contestants[f"nn.LSTM {batch_size}"] = _passes(lstm, inputs)
    return contestants


def _passes(network: nn.Module, inputs: torch.Tensor) -> Callable[[], None]:
    def run() -> None:
        network.zero_grad(set_to_none=False)
        network(inputs)[0].sum().backward()

    run()
    return run


def _time(run: Callable[[], None]) -> float:
    """Return milliseconds of CPU time a call, over calls that take a while together."""
    run()
    started, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - started < _SECONDS:
        run()
        calls += 1
    return 1e3 * (time.process_time() - started) / calls


def format_result(result: dict[str, Any]) -> str:
    """Return a result of `measure` as a Markdown table."""
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
