"""Training mode for training, evaluation mode for numbers; everything that a step changes."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ntm_agents.checkpoints import load_checkpoint
from ntm_agents.files import read_tensors
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.loop import train
from ntm_agents.training.losses import BITS_PER_NAT, nats_per_sequence
from ntm_agents.training.sampling import validation_batch
from ntm_agents.training.sizes import VALIDATION_EPISODES
from ntm_agents.training.supervised_run import Progress, SupervisedRun

Named = Callable[[Callable[..., object]], str]
CONFIG = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 3},
    sequences=60,
    batch_size=5,
    report_every=10,
    learning_rate=1e-2,
)


class Recurrent(nn.Module):
    """A recurrent network with whatever comes between its units and its logits."""

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(input_size, 12, batch_first=True)
        self.output_layer = nn.Linear(12, output_size)

    def between(self, hidden: Tensor) -> Tensor:
        return hidden

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        hidden, state = self.recurrent(inputs, state)
        return self.output_layer(self.between(hidden)), state


class WithDropout(Recurrent):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.dropout = nn.Dropout(0.5)

    def between(self, hidden: Tensor) -> Tensor:
        return self.dropout(hidden)  # type: ignore[no-any-return]


class WithBatchNorm(Recurrent):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.norm = nn.BatchNorm1d(12)

    def between(self, hidden: Tensor) -> Tensor:
        return self.norm(hidden.transpose(1, 2)).transpose(1, 2)  # type: ignore[no-any-return]


class WithNoiseOfAllGenerators(Recurrent):
    def between(self, hidden: Tensor) -> Tensor:
        if not self.training:
            return hidden
        own = torch.rand(12, generator=self.own)
        return hidden * (torch.rand(12) + own + float(np.random.rand()) + random.random())  # noqa: NPY002

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.own = torch.Generator().manual_seed(7)


class WithBuffersOfAllKinds(Recurrent):
    """Buffers that are replaced, grow, appear, hold no floats, or are not published."""

    calls: Tensor
    flags: Tensor
    seen: Tensor
    late: Tensor | None

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.register_buffer("flags", torch.zeros(3, dtype=torch.bool))
        self.register_buffer("seen", torch.zeros(0), persistent=False)
        self.register_buffer("late", None, persistent=False)
        self.register_buffer("mask", torch.full((12,), -torch.inf), persistent=False)

    def between(self, hidden: Tensor) -> Tensor:
        if self.training:
            self.calls = self.calls + 1
            self.flags[int(self.calls) % 3] ^= True
            self.seen = torch.cat([self.seen, hidden.detach().mean()[None]])
            self.late = self.seen[-1:].clone()
        return hidden * (1 + self.seen.sum() + (0 if self.late is None else self.late))


class WithTiedWeights(Recurrent):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.first, self.second = nn.Linear(12, 12), nn.Linear(12, 12)
        self.second.weight = self.first.weight

    def between(self, hidden: Tensor) -> Tensor:
        return self.second(self.first(hidden))  # type: ignore[no-any-return]


KINDS = [
    WithDropout,
    WithBatchNorm,
    WithNoiseOfAllGenerators,
    WithBuffersOfAllKinds,
    WithTiedWeights,
]


def weights(model: Path) -> dict[str, Tensor]:
    return read_tensors(model)[0]


def seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


def states_of_all() -> tuple[object, ...]:
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    return torch.get_rng_state().tolist(), random.getstate(), list(keys), rest


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_what_is_logged_and_published_is_the_network_in_evaluation_mode(
    named: Named, tmp_path: Path
) -> None:
    name = named(WithDropout)
    model = train(dataclasses.replace(CONFIG, network=name), tmp_path, show_progress=False)

    network, said = load_checkpoint(model, {name})
    held_out = validation_batch(CONFIG.make_task(), VALIDATION_EPISODES, torch.device("cpu"))
    bits = nats_per_sequence(network(held_out.inputs)[0], held_out).item() * BITS_PER_NAT

    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert said["validation_bits_per_sequence"] == pytest.approx(bits, rel=1e-6)
    assert last["validation_bits_per_sequence"] == said["validation_bits_per_sequence"]


def test_batches_are_learned_from_in_training_mode(named: Named, tmp_path: Path) -> None:
    modes = []

    class Watched(Recurrent):
        def between(self, hidden: Tensor) -> Tensor:
            if len(hidden) == CONFIG.batch_size:
                modes.append(self.training)
            return hidden

    train(dataclasses.replace(CONFIG, network=named(Watched)), tmp_path, show_progress=False)

    assert modes == [True] * (CONFIG.sequences // CONFIG.batch_size)


def test_batch_norm_learns_from_training_batches_alone(named: Named, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, network=named(WithBatchNorm))

    found = weights(train(config, tmp_path, show_progress=False))

    assert found["norm.num_batches_tracked"] == config.sequences // config.batch_size


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_fixes_a_run_and_leaves_the_callers_generators_alone(
    kind: type[nn.Module], named: Named, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, network=named(kind))
    found = []
    for number in range(2):
        seed_all(number)
        before = states_of_all()
        found.append(weights(train(config, tmp_path / str(number), show_progress=False)))
        assert states_of_all() == before

    assert equal(*found)
    other = train(dataclasses.replace(config, seed=2), tmp_path / "2", show_progress=False)
    assert not equal(found[0], weights(other))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [10, 40])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    kind: type[nn.Module],
    stop: int,
    named: Named,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = dataclasses.replace(CONFIG, network=named(kind))
    expected = weights(train(config, tmp_path / "whole", show_progress=False))
    save = SupervisedRun.save

    def save_and_stop(folder: SupervisedRun, progress: Progress) -> None:
        save(folder, progress)
        if progress.sequences == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SupervisedRun, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "parts", show_progress=False)
    torch.manual_seed(99)

    assert equal(weights(train(config, tmp_path / "parts", show_progress=False)), expected)
    states = [
        read_tensors(tmp_path / run / "checkpoint.safetensors")[0] for run in ("whole", "parts")
    ]
    assert equal(*states)
