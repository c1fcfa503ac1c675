"""A stranger's description is held against the weights before anything is allocated for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ntm_agents import load_agent
from ntm_agents.blueprint import MOST_STATE_NUMBERS
from ntm_agents.checkpoints import load_checkpoint, save_checkpoint
from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.networks import build_network

SIZES = {"input_size": 3, "output_size": 2}
NETWORKS: dict[str, dict[str, Any]] = {
    "ntm_agents:NTM": {"memory_size": 5, "word_size": 4, "controller_size": 6},
    "ntm_baselines:GRU": {"hidden_size": 4, "num_layers": 1},
    "ntm_baselines:LSTM": {"hidden_size": 4, "num_layers": 1},
    "ntm_baselines:Transformer": {
        "hidden_size": 8,
        "num_heads": 2,
        "num_layers": 1,
        "window_size": 4,
    },
}
COUNTS = {
    "ntm_agents:NTM": [
        "controller_size",
        "controller_layers",
        "memory_size",
        "word_size",
        "num_read_heads",
        "num_write_heads",
        "max_shift",
    ],
    "ntm_baselines:GRU": ["hidden_size", "num_layers"],
    "ntm_baselines:LSTM": ["hidden_size", "num_layers"],
    "ntm_baselines:Transformer": ["hidden_size", "num_layers", "num_heads", "window_size"],
}
EVERY_COUNT = [(network, name) for network in COUNTS for name in (*SIZES, *COUNTS[network])]


def save(folder: Path, network: str, options: dict[str, Any], **changes: Any) -> Path:
    """Write a checkpoint whose description has other options than its weights."""
    path = folder / "model.safetensors"
    about = {"network": network, "options": options, "task": {"name": "copy"}, "train_seed": 1}
    save_checkpoint(path, build_network(network, options), about)
    data = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(data | {"options": options | changes}))
    return path


@pytest.mark.parametrize(("network", "name"), EVERY_COUNT)
@pytest.mark.parametrize("value", [10**7, 10**9, 2**62, 2**64])
def test_a_size_that_the_weights_do_not_have_is_refused(
    tmp_path: Path, network: str, name: str, value: int
) -> None:
    path = save(tmp_path, network, SIZES | NETWORKS[network], **{name: value})

    with pytest.raises(ValueError, match=r"model\.") as refusal:
        load_agent(path)

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("network", "name"), EVERY_COUNT)
@pytest.mark.parametrize("value", [True, 4.0, "4", None, 0])
def test_a_size_that_is_no_count_is_refused(
    tmp_path: Path, network: str, name: str, value: Any
) -> None:
    path = save(tmp_path, network, SIZES | NETWORKS[network], **{name: value})

    with pytest.raises(ValueError, match=name):
        load_agent(path)


@pytest.mark.parametrize("value", [True, "0.5", None, 1e999, [1.0]])
def test_a_number_that_is_none_is_refused(tmp_path: Path, value: Any) -> None:
    options = SIZES | NETWORKS["ntm_agents:NTM"]
    path = save(tmp_path, "ntm_agents:NTM", options, memory_scale=0.5)
    text = path.with_suffix(".json").read_text()
    odd = json.dumps(value).replace("Infinity", "1e999")
    path.with_suffix(".json").write_text(
        text.replace('"memory_scale": 0.5', f'"memory_scale": {odd}')
    )

    with pytest.raises(ValueError, match=r"memory_scale must be a finite number|finite"):
        load_agent(path)


def test_a_number_past_single_precision_is_refused(tmp_path: Path) -> None:
    options = SIZES | NETWORKS["ntm_agents:NTM"]
    path = save(tmp_path, "ntm_agents:NTM", options, initial_focus=1e39)

    with pytest.raises(ValueError, match=r"cannot be built: .* overflow"):
        load_agent(path)


@pytest.mark.parametrize("memory_size", [6, 10**9])
def test_the_size_of_a_memory_that_starts_alike_is_that_of_its_weightings(
    tmp_path: Path, memory_size: int
) -> None:
    options = SIZES | NETWORKS["ntm_agents:NTM"] | {"memory_start": "shared"}
    path = save(tmp_path, "ntm_agents:NTM", options, memory_size=memory_size)

    with pytest.raises(ValueError, match="does not fit"):
        load_agent(path)


def test_a_window_that_no_tensor_bounds_is_bounded_by_its_state(tmp_path: Path) -> None:
    network, sizes = "ntm_baselines:Transformer", SIZES | NETWORKS["ntm_baselines:Transformer"]
    largest = MOST_STATE_NUMBERS // (2 * 8) - 1

    load_agent(save(tmp_path / "fits", network, sizes, window_size=largest))
    path = save(tmp_path / "large", network, sizes, window_size=largest + 1)
    with pytest.raises(ValueError, match=f"a state of at most {MOST_STATE_NUMBERS} numbers"):
        load_agent(path)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_any_precision_are_computed_with_in_single(
    tmp_path: Path, network: str, dtype: torch.dtype
) -> None:
    path = save(tmp_path, network, SIZES | NETWORKS[network])
    tensors, _ = read_tensors(path)
    write_tensors(path, {name: tensor.to(dtype) for name, tensor in tensors.items()})

    loaded, _ = load_checkpoint(path)

    for name, tensor in loaded.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, tensors[name].to(dtype).float())


def test_integers_are_no_weights(tmp_path: Path) -> None:
    path = save(tmp_path, "ntm_baselines:GRU", SIZES | NETWORKS["ntm_baselines:GRU"])
    tensors, _ = read_tensors(path)
    write_tensors(path, {name: tensor.int() for name, tensor in tensors.items()})

    with pytest.raises(ValueError, match=r"must be of torch\.float32, not I32"):
        load_agent(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    path = save(tmp_path, "ntm_baselines:GRU", SIZES | NETWORKS["ntm_baselines:GRU"])
    tensors, _ = read_tensors(path)
    tensors["initial_hidden"][0, 0] = value
    write_tensors(path, tensors)

    with pytest.raises(ValueError, match="'initial_hidden' must be finite"):
        load_agent(path)


class Stranger(nn.Module):
    """Has a buffer that counts, and reads a number of its own while it is built."""

    def __init__(self, input_size: int, output_size: int, size: int = 2) -> None:
        super().__init__()
        self.scale = float(torch.linspace(0, 1, size)[-1])
        self.norm = nn.BatchNorm1d(input_size)
        self.register_buffer("precise", torch.tensor([1 / 3], dtype=torch.float64))
        self.output_layer = nn.Linear(input_size, output_size)


def test_a_strangers_network_needs_no_meta_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "ntm_agents:Stranger"
    monkeypatch.setattr("ntm_agents.Stranger", Stranger, raising=False)
    path = save(tmp_path, name, {**SIZES, "size": 2})

    loaded, _ = load_checkpoint(path, {name})

    assert loaded.state_dict()["norm.num_batches_tracked"].dtype == torch.int64
    path = save(tmp_path / "large", name, {**SIZES, "size": 2}, size=10**12)
    with pytest.raises(ValueError, match="options must be at most"):
        load_checkpoint(path, {name})


def test_buffers_keep_their_dtype_exactly_and_half_precision_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "ntm_agents:Stranger"
    monkeypatch.setattr("ntm_agents.Stranger", Stranger, raising=False)
    path = save(tmp_path, name, {**SIZES, "size": 2})
    tensors, _ = read_tensors(path)
    tensors["precise"] = torch.tensor([1 + 2**-52], dtype=torch.float64)
    tensors["norm.num_batches_tracked"] = torch.tensor(2**53 + 1)
    tensors["output_layer.weight"] = tensors["output_layer.weight"].half()
    write_tensors(path, tensors)

    loaded, _ = load_checkpoint(path, {name})

    found = loaded.state_dict()
    assert found["precise"].tolist() == [1 + 2**-52]
    assert found["norm.num_batches_tracked"].item() == 2**53 + 1
    assert found["output_layer.weight"].dtype == torch.float32
    assert torch.equal(found["output_layer.weight"], tensors["output_layer.weight"].float())
