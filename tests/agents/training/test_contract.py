"""A network that cannot be trained is refused before anything is written, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.contract import check_network
from ntm_agents.training.loop import train
from ntm_agents.training.sampling import validation_batch
from ntm_gym.tasks import Copy

Named = Callable[[Callable[..., object]], str]
CONFIG = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 2}, sequences=8, batch_size=4, report_every=8
)


class Linear(nn.Module):
    """Fulfils the contract; subclasses break it in one respect each."""

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(input_size, output_size)

    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs), state


class NoState(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs)


class ThreeValues(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs), state, "more"


class TimeFirst(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs).transpose(0, 1), state


class Double(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs).double(), state


class Elsewhere(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs).to("meta"), state


class Detached(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        return self.layer(inputs).detach(), state


class TakesNoState(Linear):
    def forward(self, inputs: Tensor) -> Any:  # type: ignore[override]
        return self.layer(inputs), None


class Raises(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        raise KeyError("hidden")


class Greedy(Linear):
    def forward(self, inputs: Tensor, state: Any = None) -> Any:
        inputs.zero_()
        return self.layer(inputs), state


class DoubleWeights(Linear):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.double()


class NoWeights(nn.Module):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()


class Lazy(Linear):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__(input_size, output_size)
        self.layer = nn.LazyLinear(output_size)


class ExtraState(Linear):
    def get_extra_state(self) -> Any:
        return {"steps": 3}

    def set_extra_state(self, state: Any) -> None:
        raise NotImplementedError


class FailsToBuild(Linear):
    def __init__(self, input_size: int, output_size: int) -> None:
        raise RuntimeError("two\nlines")


class Exits(Linear):
    def __init__(self, input_size: int, output_size: int) -> None:
        raise SystemExit(0)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (NoState, r"return logits and a state, not a tensor of shape \(2, 5, 2\)"),
        (ThreeValues, "return logits and a state, not 3 values: Tensor, NoneType, str"),
        (TimeFirst, r"logits of shape \(2, 5, 2\), .*, not a tensor of shape \(5, 2, 2\)"),
        (Double, "not a tensor of .* torch.float64"),
        (Elsewhere, "on cpu, not a tensor of .* on meta"),
        (Detached, "logits that depend on its parameters"),
        (TakesNoState, "must be called logits, state = .*takes 2 positional arguments"),
        (Raises, r"but failed: KeyError: 'hidden' \(test_contract.py, line \d+\)"),
        (Greedy, "must leave its inputs as they are"),
        (DoubleWeights, "parameters of torch.float32, but 'layer.weight' is torch.float64"),
        (NoWeights, "must have parameters to train"),
        (Lazy, "must be given its sizes, but 'layer.weight' has none yet"),
        (ExtraState, "parameters and buffers, but '_extra_state' is neither"),
        (FailsToBuild, "cannot be built: RuntimeError: two lines"),
        (Exits, "cannot be built: SystemExit: 0"),
    ],
)
def test_a_network_that_breaks_the_contract_is_refused_and_nothing_is_written(
    kind: type[nn.Module], message: str, named: Named, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, network=named(kind))

    with pytest.raises(ValueError, match=message) as raised:
        train(config, tmp_path / "run", show_progress=False)

    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_the_check_leaves_buffers_generators_and_mode_as_they_were() -> None:
    class Changing(Linear):
        def __init__(self, input_size: int, output_size: int) -> None:
            super().__init__(input_size, output_size)
            self.norm, self.dropout = nn.BatchNorm1d(5), nn.Dropout(0.5)

        def forward(self, inputs: Tensor, state: Any = None) -> Any:
            return self.layer(self.dropout(self.norm(inputs))), state

    network = Changing(3, 2).eval()
    batch = validation_batch(
        Copy(num_bits=2, min_length=2, max_length=2), 2, torch.device("cpu")
    )
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    generator = torch.get_rng_state()

    check_network(network, "changing", batch)

    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(torch.get_rng_state(), generator)
    assert not network.training
    assert not network.norm.training


def test_a_network_that_fails_later_says_on_which_inputs(named: Named, tmp_path: Path) -> None:
    class Short(Linear):
        calls = 0

        def forward(self, inputs: Tensor, state: Any = None) -> Any:
            Short.calls += 1
            if Short.calls == 2:
                raise IndexError("too long")
            return self.layer(inputs), state

    config = dataclasses.replace(CONFIG, network=named(Short))

    with pytest.raises(ValueError, match=r"inputs of shape \(4, \d, 3\).*IndexError: too long"):
        train(config, tmp_path / "run", show_progress=False)
