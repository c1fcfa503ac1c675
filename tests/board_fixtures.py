"""A board with one entry of two untrained networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import build_network, count_parameters
from ntm_gym.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.suites import Point, Suite

OPTIONS = {"input_size": 3, "output_size": 2, "hidden_size": 4, "num_layers": 1}

RUN_FIELDS: dict[str, Any] = {
    "sequences": 1_000,
    "updates": 1_000,
    "wall_time_s": 60.0,
    "cpu_time_s": None,
    "command": "ntm-train",
    "checkpoint": "seed.safetensors",
    "sha256": "",
    "description_sha256": "",
    "curve_sha256": None,
}
"""Of a run that is made up, without its seed and points."""
ENTRY_FIELDS: dict[str, Any] = {
    "format": 1,
    "track": "supervised",
    "authors": "us",
    "link": "",
    "licence": "MIT",
    "commit": "",
    "machine": "abacus",
    "versions": {},
    "parameters": 9,
    "memory_size": None,
}
"""Of an entry that is made up, without its name, suite and runs."""

Save = Callable[..., Path]


@pytest.fixture
def save() -> Save:
    """Return `save_untrained`."""
    return save_untrained


@pytest.fixture
def tiny_suite(monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Return the only suite there is."""
    point = Point("1-2", "copy", {"num_bits": 2, "max_length": 2})
    suite = Suite("tiny", 1, (point,), 10)
    monkeypatch.setattr(suites, "SUITES", {"tiny": suite})
    return suite


@pytest.fixture
def checkpoints(tmp_path: Path) -> list[Path]:
    """Return the checkpoints of training seeds 1 and 2."""
    return [save_untrained(tmp_path / f"run-{seed}.safetensors", seed) for seed in (1, 2)]


@pytest.fixture
def board(tmp_path: Path, tiny_suite: Suite, checkpoints: list[Path]) -> Path:
    """Return a board with the entry ``supervised/untrained``."""
    board = tmp_path / "board"
    submit = ["leaderboard", "submit", *map(str, checkpoints), "--board", str(board)]
    about = ["--name", "Untrained", "--folder", "untrained", "--authors", "us"]
    assert main([*submit, *about, "--suite", tiny_suite.name]) == 0
    return board


def save_untrained(path: Path, train_seed: int, **changes: Any) -> Path:
    """Write a checkpoint and return its path."""
    network = build_network("ntm_baselines:LSTM", OPTIONS)
    metadata = {
        "network": "ntm_baselines:LSTM",
        "options": OPTIONS,
        "task": {"name": "copy", "parameters": {"num_bits": 2, "max_length": 2}},
        "train_seed": train_seed,
        "parameters": count_parameters(network),
        "sequences": 0,
        "updates": 0,
        "wall_time_s": 0.5,
        "command": f"ntm-train --seed {train_seed}",
        "machine": "abacus",
        "versions": {"python": "3"},
    }
    save_checkpoint(path, network, metadata | changes)
    return path
