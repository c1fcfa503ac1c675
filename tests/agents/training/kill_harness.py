"""Kills runs at random moments, or before every write, and compares them with others.

``python tests/agents/training/kill_harness.py --kills 200`` kills supervised runs of six
networks by SIGKILL, 200 times in all, after delays drawn at random; ``--every-write`` kills
short runs before each call by which they change the disk. Exit code 1 if any run is lost or
ends otherwise than one that was never stopped. Needs ``fork``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.loop import train
from ntm_agents.training.supervised_run import SupervisedRun

_MOST_KILLS_OF_A_RUN = 6
_TIMES = ("wall_time_s", "cpu_time_s")


class Noisy(nn.Module):
    """A user's network with all that a step can change: dropout, batch norm, own buffers."""

    calls: Tensor

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(input_size, 12, batch_first=True)
        self.norm = nn.BatchNorm1d(12)
        self.dropout = nn.Dropout(0.3)
        self.output_layer = nn.Linear(12, output_size)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Tensor]:
        self.calls = self.calls + 1
        hidden, state = self.recurrent(inputs, state)
        normed = self.norm(hidden.transpose(1, 2)).transpose(1, 2)
        return self.output_layer(self.dropout(normed)), state


_SMALL = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 3},
    sequences=480,
    batch_size=4,
    report_every=16,
    solved_below=1e-9,
    patience=160,
    weight_noise=0.01,
)
_NTM = {"controller_size": 8, "memory_size": 6, "word_size": 4}
_LAYERS = {"hidden_size": 8, "num_layers": 1}


def _of(network: str, **options: Any) -> TrainingConfig:
    return dataclasses.replace(_SMALL, network=network, network_options=options)


CONFIGS = {
    "NTM ff": _of("ntm_agents:NTM", **_NTM),
    "NTM lstm": _of("ntm_agents:NTM", controller="lstm", **_NTM),
    "LSTM": _of("ntm_baselines:LSTM", **_LAYERS),
    "GRU": _of("ntm_baselines:GRU", **_LAYERS),
    "Transformer": _of("ntm_baselines:Transformer", **_LAYERS),
    "dropout and batch norm": _of(f"{__name__}:Noisy"),
}


SHORT = {
    name: dataclasses.replace(config, sequences=48, patience=16)
    for name, config in CONFIGS.items()
}


def main() -> int:
    """Kill runs; return 1 if one was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=0, help="SIGKILLs at random moments")
    parser.add_argument("--every-write", action="store_true", help="kill before every write")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), args.kills, args.every_write, random.Random(args.seed))


def _run(root: Path, kills: int, every_write: bool, moments: random.Random) -> int:
    straight, seconds = {}, {}
    configs = SHORT if every_write else CONFIGS
    for name, config in configs.items():
        train(config, root / "warm up", show_progress=False)  # compiles and loads kernels
        shutil.rmtree(root / "warm up")
        started = time.monotonic()
        train(config, root / name / "straight", show_progress=False)
        seconds[name] = time.monotonic() - started
        straight[name] = _outcome(root / name / "straight")
    killed: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    lost = 0

    def compare(name: str, folder: Path) -> int:
        runs[name] += 1
        same = _outcome(folder) == straight[name]
        if not same:
            print(f"{name}: a killed run ends otherwise than one never stopped", flush=True)
        shutil.rmtree(folder)
        return 0 if same else 1

    for name, config in configs.items() if every_write else ():
        writes, ended = 0, False
        while not ended:
            writes += 1
            folder = root / name / "killed"
            ended = _session(config, folder, lambda pid: None, writes)
            killed[name] += not ended
            if not ended:
                _session(config, folder, lambda pid: None)
            lost += compare(name, folder)
    while killed.total() < kills and not every_write:
        for name, config in CONFIGS.items():
            folder = root / name / "killed"

            def kill(pid: int, longest: float = seconds[name]) -> None:
                time.sleep(moments.uniform(0, longest))
                os.kill(pid, signal.SIGKILL)

            for _ in range(_MOST_KILLS_OF_A_RUN):
                if _session(config, folder, kill):
                    break
                killed[name] += 1
            else:
                _session(config, folder, lambda pid: None)
            lost += compare(name, folder)
    for name in CONFIGS:
        print(f"{name}: {killed[name]} kills in {runs[name]} runs")
    print(f"{killed.total()} kills, {lost} runs lost")
    return 1 if lost else 0


def _session(
    config: TrainingConfig, folder: Path, kill: Callable[[int], None], last_write: int = 0
) -> bool:
    """Train in a process of its own; return whether it ended before it was killed.

    Args:
        config: The run.
        folder: Of the run.
        kill: Called with the process.
        last_write: The call that changes the disk before which the process kills itself.

    Raises:
        RuntimeError: If it ended in another way: the run is lost.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if last_write:
                _die_before(last_write)
            train(config, folder, show_progress=False)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    kill(pid)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        raise RuntimeError(f"a run in {folder} is lost: {sorted(folder.rglob('*'))}")
    return True


def _die_before(last: int) -> None:
    """Let this process be killed before the given call that changes the disk."""
    calls = 0

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    for name in ("fsync", "replace"):
        setattr(os, name, counting(getattr(os, name)))
    Path.mkdir = counting(Path.mkdir)  # type: ignore[method-assign]


def _outcome(folder: Path) -> dict[str, Any]:
    """Return all that a finished run holds, apart from the time it took."""
    description = json.loads((folder / "model.json").read_text())
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    with SupervisedRun(
        folder, TrainingConfig.from_json(description["training"], folder)
    ) as run:
        progress = run.restore()
    assert progress is not None
    for record in (description, *log):
        for name in _TIMES:
            del record[name]
    return {
        "weights": (folder / "model.safetensors").read_bytes(),
        "state": {name: bytes(_raw(t)) for name, t in progress.tensors.items()},
        "description": description,
        "log": log,
        "files": sorted(p.name for p in folder.iterdir()),
    }


def _raw(tensor: Tensor) -> bytes:
    return tensor.reshape(-1).contiguous().view(torch.uint8).numpy().tobytes()


if __name__ == "__main__":
    sys.exit(main())
