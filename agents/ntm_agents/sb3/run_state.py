"""All that an update of ``RecurrentPPO`` changes, as tensors and JSON."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch import Tensor

from ntm_agents.networks import reporting_failures
from ntm_agents.sb3.vec_env import SB3VectorEnv
from ntm_agents.training.random_state import random_state, set_random_state

_COUNTS = (
    "num_timesteps",
    "_n_updates",
    "_episode_num",
    "_total_timesteps",
    "_current_progress_remaining",
)


def take_state(model: RecurrentPPO) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return where an algorithm is between two rollouts.

    Args:
        model: Has begun to learn, on an `SB3VectorEnv`.

    Returns:
        Tensors by name, which share memory with the model, and fields ready for JSON.
    """
    states = model._last_lstm_states
    starts = model._last_episode_starts
    assert states is not None
    assert starts is not None
    fields: dict[str, Any] = {name: getattr(model, name) for name in _COUNTS}
    optimizer_tensors, fields["optimizer"] = _optimizer_state(model)
    fields["episodes"] = [_plain(info) for info in model.ep_info_buffer or ()]
    fields["successes"] = [_plain(success) for success in model.ep_success_buffer or ()]
    fields["action_generator"] = model.action_space.np_random.bit_generator.state
    tensors = {
        **{f"policy.{name}": tensor for name, tensor in model.policy.state_dict().items()},
        **optimizer_tensors,
        **random_state(model.device, model.policy),
        **{name: _tensor(part) for name, part in _parts(model._last_obs).items()},
        "episode_starts": _tensor(starts),
        **{f"state.{index}": half for index, half in enumerate((*states.pi, *states.vf))},
        **{f"env.{name}": _tensor(array) for name, array in _env(model).get_state().items()},
    }
    return tensors, fields


def set_state(
    model: RecurrentPPO, tensors: Mapping[str, Tensor], fields: Mapping[str, Any]
) -> None:
    """Bring an algorithm, built alike, where another one was.

    Args:
        model: Changed in place; ``learn(…, reset_num_timesteps=False)`` goes on.
        tensors: From `take_state`.
        fields: Likewise.

    Raises:
        ValueError: If the state is damaged or of another algorithm.
    """
    with reporting_failures("the state does not fit"):
        model.policy.load_state_dict(_under("policy.", tensors))
        _set_optimizer_state(model, tensors, fields["optimizer"])
        for name in _COUNTS:
            setattr(model, name, fields[name])
        model.ep_info_buffer = deque(fields["episodes"], model._stats_window_size)
        model.ep_success_buffer = deque(fields["successes"], model._stats_window_size)
        model.action_space.np_random.bit_generator.state = fields["action_generator"]
        halves = [tensors[f"state.{index}"].to(model.device) for index in range(4)]
        states: Any = RNNStates((halves[0], halves[1]), (halves[2], halves[3]))
        model._last_lstm_states = states
        model._last_episode_starts = tensors["episode_starts"].numpy()
        model._last_obs = _observation(tensors)
        env_state = {name: part.numpy() for name, part in _under("env.", tensors).items()}
        _env(model).set_state(env_state)
        set_random_state(dict(tensors), model.device, model.policy)


def _optimizer_state(model: RecurrentPPO) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the optimizer's tensors, and its numbers for JSON."""
    found = model.policy.optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for index, state in found["state"].items():
        for name, value in state.items():
            place = f"optimizer.{index}.{name}"
            (tensors if isinstance(value, Tensor) else numbers)[place] = value
    rates = [group["lr"] for group in found["param_groups"]]
    return tensors, {"numbers": numbers, "learning_rates": rates}


def _set_optimizer_state(
    model: RecurrentPPO, tensors: Mapping[str, Tensor], fields: Mapping[str, Any]
) -> None:
    optimizer = model.policy.optimizer
    whole = optimizer.state_dict()
    state: dict[int, dict[str, Any]] = {}
    for place, value in {**_under("optimizer.", tensors), **fields["numbers"]}.items():
        index, _, name = place.removeprefix("optimizer.").partition(".")
        state.setdefault(int(index), {})[name] = value
    whole["state"] = state
    for group, rate in zip(whole["param_groups"], fields["learning_rates"], strict=True):
        group["lr"] = rate
    optimizer.load_state_dict(whole)


def _env(model: RecurrentPPO) -> SB3VectorEnv:
    env = model.env
    if not isinstance(env, SB3VectorEnv):
        raise ValueError(f"the environment must be an SB3VectorEnv, not {env}")
    return env


def _parts(observations: Any) -> dict[str, Any]:
    if isinstance(observations, dict):
        return {f"observation.{name}": part for name, part in observations.items()}
    return {"observation": observations}


def _observation(tensors: Mapping[str, Tensor]) -> Any:
    if "observation" in tensors:
        return tensors["observation"].numpy()
    return {name: part.numpy() for name, part in _under("observation.", tensors).items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _tensor(array: Any) -> Tensor:
    """Return an array as a tensor, uint64 as int64 of the same bits."""
    array = np.asarray(array)
    return torch.from_numpy(array.view(np.int64) if array.dtype == np.uint64 else array)


def _plain(value: Any) -> Any:
    """Return numpy's numbers, also inside a dict, as Python's."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value
