"""Published checkpoints: a round trip, and every way in which one can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ntm_agents import NTM, NTMConfig, load_agent
from ntm_agents.checkpoints import load_checkpoint, save_checkpoint
from ntm_agents.networks import build_network
from ntm_baselines import LSTM, LSTMConfig

OPTIONS = {"input_size": 3, "output_size": 2, "memory_size": 5, "word_size": 4}
METADATA: dict[str, Any] = {
    "network": "ntm_agents:NTM",
    "options": OPTIONS,
    "task": {"name": "copy", "parameters": {}},
    "train_seed": 1,
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "ntm.safetensors"
    save_checkpoint(path, NTM(NTMConfig(**OPTIONS)), METADATA)  # type: ignore[arg-type]
    return path


def describe(path: Path, **changes: Any) -> None:
    description = path.with_suffix(".json")
    description.write_text(
        json.dumps({**json.loads(description.read_text(encoding="utf-8")), **changes}),
        encoding="utf-8",
    )


def test_a_loaded_network_answers_like_the_saved_one(tmp_path: Path) -> None:
    path = tmp_path / "ntm.safetensors"
    ntm = NTM(NTMConfig(**OPTIONS))  # type: ignore[arg-type]
    save_checkpoint(path, ntm, METADATA)
    inputs = torch.randn(2, 4, 3)

    loaded, description = load_checkpoint(path)

    assert torch.equal(loaded(inputs)[0], ntm(inputs)[0])
    assert description["train_seed"] == 1


def test_a_truncated_checkpoint_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])

    with pytest.raises(ValueError, match="must be a whole safetensors file"):
        load_agent(checkpoint)


def test_a_foreign_file_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(b"PK\x03\x04 a pickle, perhaps")

    with pytest.raises(ValueError, match="must be a whole safetensors file"):
        load_agent(checkpoint)


def test_safetensors_written_by_others_are_refused(checkpoint: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(1)}, checkpoint)

    with pytest.raises(ValueError, match="must be a checkpoint of ntm-gym"):
        load_agent(checkpoint)


def test_weights_of_another_network_are_refused(checkpoint: Path) -> None:
    describe(checkpoint, options={**OPTIONS, "memory_size": 6})

    with pytest.raises(ValueError, match=r"does not fit .*: initial_memory, initial_weighting"):
        load_agent(checkpoint)


def test_a_network_that_is_not_trusted_is_refused_before_its_code_is_imported(
    checkpoint: Path,
) -> None:
    describe(checkpoint, network="no_such_module:attack")

    with pytest.raises(ValueError, match="'no_such_module:attack', which must be trusted"):
        load_agent(checkpoint)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "must have format 1, not 99"),
        ({"network": None}, "must say 'network' as str, not None"),
        ({"options": []}, "must say 'options' as dict"),
    ],
)
def test_a_wrong_description_is_refused(
    checkpoint: Path, changes: dict[str, Any], message: str
) -> None:
    describe(checkpoint, **changes)

    with pytest.raises(ValueError, match=message):
        load_agent(checkpoint)


def test_a_missing_file_is_named(checkpoint: Path) -> None:
    checkpoint.unlink()
    with pytest.raises(ValueError, match="there is no checkpoint"):
        load_agent(checkpoint)
    checkpoint.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="must have its description beside it"):
        load_agent(checkpoint)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("NTM", {}, "a name must be 'package.module:attribute', not 'NTM'"),
        ("no_such_module:NTM", {}, "there is no network 'no_such_module:NTM'"),
        ("ntm_agents:ATM", {}, "there is no network 'ntm_agents:ATM'"),
        ("ntm_agents:NTM", {"colour": 1}, "does not take these options"),
        ("builtins:dict", {}, "must make a torch module, not dict"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build_network(name, options)


def test_networks_are_built_from_their_names() -> None:
    lstm = build_network("ntm_baselines:LSTM", {"input_size": 3, "output_size": 2})

    assert isinstance(lstm, LSTM)
    assert lstm.config == LSTMConfig(3, 2)
