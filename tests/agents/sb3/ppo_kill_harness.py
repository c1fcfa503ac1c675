"""Kills runs of PPO at random moments, and compares them with others.

``python tests/agents/sb3/ppo_kill_harness.py --kills 50`` kills runs of the NTM (with
`SequencePPO`) and of the LSTM (with stock ``RecurrentPPO``) by SIGKILL, after delays drawn at
random. Exit code 1 if any run is lost or ends otherwise than one that was never stopped. Needs
``fork``.
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
from pathlib import Path
from typing import Any

import torch

from ntm_agents.sb3 import NTMPolicy, PPOPreset
from ntm_agents.sb3.learning import learn
from ntm_baselines.sb3_lstm_policy import LSTMPolicy

_SEED, _MOST_KILLS_OF_A_RUN = 3, 6
_TIMES = ("wall_time_s", "cpu_time_s")
_PRESET = PPOPreset(
    "NTMCopySmall-v0",
    num_envs=6,
    n_steps=16,
    batch_size=48,
    n_epochs=2,
    total_steps=96 * 60,
    ntm_kwargs={"memory_size": 8, "word_size": 4, "controller_size": 12},
)
CONTESTANTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "NTM": (NTMPolicy, {"ntm_kwargs": dict(_PRESET.ntm_kwargs)}),
    "LSTM": (LSTMPolicy, {"lstm_hidden_size": 9}),
}


def main() -> int:
    """Kill runs; return 1 if one was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="SIGKILLs at random moments")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), args.kills, random.Random(args.seed))


def _run(root: Path, kills: int, moments: random.Random) -> int:
    straight, seconds = {}, {}
    for name in CONTESTANTS:
        preset = dataclasses.replace(_PRESET, total_steps=1)
        learn(preset, _SEED, root / name / "warm up", *CONTESTANTS[name])  # compiles kernels
        started = time.monotonic()
        learn(_PRESET, _SEED, root / name / "straight", *CONTESTANTS[name], checkpoint_every=1)
        seconds[name] = time.monotonic() - started
        straight[name] = _outcome(root / name / "straight")
    found: Counter[str] = Counter()
    killed = runs = lost = 0
    while killed < kills:
        for name in CONTESTANTS:
            folder = root / name / "killed"
            for _ in range(_MOST_KILLS_OF_A_RUN):
                if _session(name, folder, moments.uniform(0, 0.7 * seconds[name])):
                    break
                killed += 1
                found[_left(folder)] += 1
            else:
                _session(name, folder)
            runs += 1
            if _outcome(folder) != straight[name]:
                print(f"{name}: a killed run ends otherwise than one never stopped", flush=True)
                lost += 1
            shutil.rmtree(folder)
    print(f"what the kills left: {dict(found)}")
    print(f"{killed} kills in {runs} runs, {lost} runs lost")
    return 1 if lost else 0


def _session(name: str, folder: Path, delay: float | None = None) -> bool:
    """Learn in a process of its own; return whether it ended before it was killed.

    Raises:
        RuntimeError: If it ended in another way: the run is lost.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            learn(_PRESET, _SEED, folder, *CONTESTANTS[name], checkpoint_every=1)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    if delay is not None:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        raise RuntimeError(f"a run in {folder} is lost: {sorted(folder.rglob('*'))}")
    return True


def _left(folder: Path) -> str:
    """Return how far a killed run was, by its last file."""
    files = ("curve.json", "model.safetensors", "checkpoint.safetensors", "config.json")
    return next((name for name in files if (folder / name).exists()), "nothing")


def _outcome(folder: Path) -> tuple[bytes, dict[str, Any]]:
    outcome = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
    rest = {name: value for name, value in outcome.items() if name not in _TIMES}
    return (folder / "model.safetensors").read_bytes(), rest


if __name__ == "__main__":
    sys.exit(main())
