"""The core on a CUDA device, beside the reference and cuDNN's LSTM."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.arithmetic import flops_of_pass, measure_flops_per_second
from benchmarks.timing import interleave
from ntm_agents.ntm.config import Controller, NTMConfig
from ntm_agents.ntm.module import NTM
from ntm_gym.markdown import format_markdown

STEPS = (42, 200)
BATCH_SIZES = (32, 256, 1_024, 4_096)
CONTROLLERS: tuple[Controller, ...] = ("feedforward", "lstm")
_WARM_UPS = 2
_MOST_CALLS = 10
_LONG_ENOUGH_S = 0.2
_COPIED_NUMBERS = 2**28
_CAPTURED = ("triton", "reference", "cuDNN nn.LSTM")


def measure(rounds: int, full: bool, device: torch.device) -> dict[str, Any]:
    """Measure forward and backward passes together, at the paper's size for copy.

    Args:
        rounds: Rounds; every contestant of a shape runs in each of them.
        full: Also compile the reference with ``torch.compile``.
        device: Where.

    Returns:
        The result, ready for JSON.

    Raises:
        ValueError: If there is no such device.
    """
    if device.type != "cuda" or not torch.cuda.is_available():
        raise ValueError(f"there is no CUDA device {device} to measure on")
    rows = []
    flops_per_second = measure_flops_per_second(device, 8_192)
    bytes_per_second = _measure_bytes_per_second(device)
    shapes = list(itertools.product(STEPS, BATCH_SIZES, CONTROLLERS))
    for steps, batch_size, controller in (bar := tqdm(shapes, unit="shape")):
        bar.set_postfix(steps=steps, batch=batch_size, controller=controller)
        config = NTMConfig(9, 8, controller)
        inputs = torch.randn(batch_size, steps, 9, device=device)
        flops = flops_of_pass(config, batch_size, steps)
        measured = _on_side_stream(config, inputs, rounds, full)
        for name, (times, used) in measured.items():
            seconds = statistics.median(times)
            rows.append(
                {
                    "steps": steps,
                    "batch_size": batch_size,
                    "controller": controller,
                    "name": name,
                    "milliseconds": 1e3 * seconds,
                    "slowest_over_fastest_round": max(times) / min(times),
                    "fraction_of_flops": flops / seconds / flops_per_second,
                    "fraction_of_bytes": 2 * used / seconds / bytes_per_second,
                    "mebibytes": used / 2**20,
                }
            )
    return {
        "unit": "milliseconds for a forward and a backward pass, median of rounds",
        "bytes": "what the passes allocate, written once and read once",
        "device": torch.cuda.get_device_name(device),
        "rounds": rounds,
        "flops_per_second": flops_per_second,
        "bytes_per_second": bytes_per_second,
        "rows": rows,
        "versions": {name: version(name) for name in ("ntm-gym", "torch", "triton")},
    }


def format_result(result: dict[str, Any]) -> str:
    """Return a result of `measure` as a Markdown table; ratios are between CUDA graphs."""
    shapes: dict[tuple[int, int, str], dict[str, dict[str, Any]]] = {}
    for row in result["rows"]:
        shape = row["steps"], row["batch_size"], row["controller"]
        shapes.setdefault(shape, {})[row["name"]] = row
    names = list(dict.fromkeys(row["name"] for row in result["rows"]))
    header = [
        *("steps", "batch", "controller"),
        *(f"{name}, ms" for name in names),
        *("reference / triton", "triton / nn.LSTM", "triton: of FLOP/s", "of bytes/s"),
        *("MiB: triton", "reference"),
    ]
    lines = [
        [f"{steps}", f"{batch_size:,}", controller, *_cells(by_name, names)]
        for (steps, batch_size, controller), by_name in shapes.items()
    ]
    return f"{result['device']}\n\n{format_markdown([header, *lines])}"


def _cells(by_name: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> list[str]:
    triton = by_name[_in_graph("triton")]
    reference = by_name[_in_graph("reference")]
    lstm = by_name[_in_graph("cuDNN nn.LSTM")]
    return [
        *(f"{by_name[name]['milliseconds']:.2f}" for name in names),
        f"{reference['milliseconds'] / triton['milliseconds']:.1f}",
        f"{triton['milliseconds'] / lstm['milliseconds']:.2f}",
        f"{triton['fraction_of_flops']:.3f}",
        f"{triton['fraction_of_bytes']:.3f}",
        f"{triton['mebibytes']:,.0f}",
        f"{reference['mebibytes']:,.0f}",
    ]


def _in_graph(name: str) -> str:
    return f"{name}, CUDA graph"


def _on_side_stream(
    config: NTMConfig, inputs: Tensor, rounds: int, full: bool
) -> dict[str, tuple[list[float], int]]:
    """Measure a shape where a graph can be captured, which the default stream forbids."""
    stream = torch.cuda.Stream(inputs.device)
    stream.wait_stream(torch.cuda.current_stream(inputs.device))
    with torch.cuda.stream(stream):
        return _measure_shape(config, inputs, rounds, full)


def _measure_shape(
    config: NTMConfig, inputs: Tensor, rounds: int, full: bool
) -> dict[str, tuple[list[float], int]]:
    """Return seconds of all rounds, and bytes allocated, of every contestant.

    Those that are captured come after the others: what both keep may not fit a device at once.
    """
    triton = NTM(config, "triton").to(inputs.device)
    reference = NTM(config, "reference").to(inputs.device)
    lstm = nn.LSTM(9, config.controller_size, batch_first=True).to(inputs.device)
    runs = {
        "triton": _passes(triton, inputs),
        "reference": _passes(reference, inputs),
        "cuDNN nn.LSTM": _passes(lstm, inputs),
    }
    if full:
        compiled: Any = torch.compile(NTM(config, "reference").to(inputs.device))
        runs["torch.compile"] = _passes(compiled, inputs)
    used = {name: _allocated_by(run) for name, run in runs.items()}
    times = _times_of(runs, rounds)
    captured = {_in_graph(name): _captured(runs[name]) for name in _CAPTURED}
    used |= {_in_graph(name): used[name] for name in _CAPTURED}
    times |= _times_of(captured, rounds)
    return {name: (times[name], used[name]) for name in times}


def _times_of(runs: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    return interleave({name: partial(_seconds, run) for name, run in runs.items()}, rounds)


def _passes(network: nn.Module, inputs: Tensor) -> Callable[[], None]:
    def run() -> None:
        network.zero_grad(set_to_none=False)
        network(inputs)[0].sum().backward()

    return run


def _captured(run: Callable[[], None]) -> Callable[[], None]:
    """Capture what has run before, on the stream on which it ran: autograd stays on it."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
        run()
    return graph.replay


def _allocated_by(run: Callable[[], None]) -> int:
    for _ in range(_WARM_UPS):
        run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _seconds(run: Callable[[], None]) -> float:
    """Return how long a call takes, of ten calls, or fewer if those last long enough."""
    once = _seconds_of_calls(run, 1)
    return _seconds_of_calls(run, math.ceil(min(_MOST_CALLS, _LONG_ENOUGH_S / once)))


def _seconds_of_calls(run: Callable[[], None], count: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(count):
        run()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1e3 / count


def _measure_bytes_per_second(device: torch.device) -> float:
    source = torch.zeros(_COPIED_NUMBERS, device=device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)

    seconds = _seconds(copy)
    return 2 * source.numel() * source.element_size() / seconds
