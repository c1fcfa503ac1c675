"""Sizes of networks may be integers of any library; what is written down is Python's."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
import torch

from ntm_agents import NTMConfig
from ntm_agents.training.config import TrainingConfig
from ntm_baselines import GRUConfig, LSTMConfig, TransformerConfig

CONFIGS: list[Any] = [NTMConfig, LSTMConfig, GRUConfig, TransformerConfig]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("eight", [np.int64(8), np.uint8(8), np.array(8), torch.tensor(8)])
def test_a_size_may_be_an_integer_of_any_library(config: Any, eight: Any) -> None:
    made = config(eight, output_size=eight)

    assert made == config(8, 8)
    assert type(made.input_size) is int
    assert json.loads(json.dumps(dataclasses.asdict(made))) == dataclasses.asdict(config(8, 8))


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("size", [8.0, np.float32(8), True, np.True_, "8", np.ones(2, int)])
def test_what_is_no_integer_is_no_size(config: Any, size: Any) -> None:
    with pytest.raises(ValueError, match=r"input_size must be a positive integer, not "):
        config(size, 8)


def test_a_training_configuration_with_numpys_numbers_is_ready_for_json() -> None:
    numbers: dict[str, Any] = {"batch_size": np.int64(1), "learning_rate": np.float32(0.5)}
    made = TrainingConfig("copy", {"max_length": np.int64(5)}, **numbers)

    assert json.loads(json.dumps(made.to_json())) == made.to_json()
    assert made.task_parameters == {"max_length": 5}
