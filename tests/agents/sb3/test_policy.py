import copy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from packaging.version import Version
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

from ntm_agents.ntm.module import NTM
from ntm_agents.sb3 import (
    NTMPolicy,
    PolicyAgent,
    SequencePPO,
    from_network,
    make_sb3_env,
    to_network,
)
from ntm_baselines.sb3_lstm_policy import LSTMPolicy
from ntm_gym.registration import ENVIRONMENTS

SMALL = {"memory_size": 6, "word_size": 4, "controller_size": 8}
PPO = {"n_steps": 24, "batch_size": 48, "n_epochs": 1, "gamma": 0.0, "device": "cpu"}


def make(
    algorithm: type[RecurrentPPO] = RecurrentPPO,
    env_id: str = "NTMCopySmall-v0",
    num_envs: int = 4,
    **policy_kwargs: Any,
) -> RecurrentPPO:
    return algorithm(
        NTMPolicy,
        make_sb3_env(env_id, num_envs),
        policy_kwargs={"ntm_kwargs": SMALL, **policy_kwargs},
        seed=0,
        **PPO,  # type: ignore[arg-type]
    )


def parameters_of(model: RecurrentPPO) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.policy.named_parameters()}


@pytest.mark.slow
@pytest.mark.parametrize("env_id", list(ENVIRONMENTS))
def test_stock_recurrent_ppo_trains_saves_loads_and_continues(
    env_id: str, tmp_path: Path
) -> None:
    model = make(env_id=env_id)
    before = parameters_of(model)
    model.learn(96)
    assert any(not torch.equal(before[n], p) for n, p in parameters_of(model).items())
    model.save(tmp_path / "model.zip")
    loaded = RecurrentPPO.load(
        tmp_path / "model.zip", env=make_sb3_env(env_id, 2), device="cpu"
    )
    for name, parameter in parameters_of(model).items():
        assert torch.equal(parameter, dict(loaded.policy.named_parameters())[name]), name
    loaded.learn(48)
    assert loaded.num_timesteps == 48


@pytest.mark.parametrize("critic", ["shared", "separate", "feedforward"])
@pytest.mark.parametrize("algorithm", [RecurrentPPO, SequencePPO])
def test_every_critic_trains_in_both_algorithms(
    critic: str, algorithm: type[RecurrentPPO]
) -> None:
    model = make(algorithm, critic=critic)
    before = parameters_of(model)
    model.learn(96)
    unchanged = [n for n, p in parameters_of(model).items() if torch.equal(before[n], p)]
    assert unchanged == []


def test_the_optimizer_holds_exactly_the_parameters_of_the_policy() -> None:
    policy = make().policy
    held = {id(p) for group in policy.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in policy.parameters()}


@pytest.mark.parametrize("algorithm", [RecurrentPPO, SequencePPO])
@pytest.mark.parametrize("critic", ["shared", "separate"])
@pytest.mark.parametrize("batch_size", [24, 48, 96])
def test_actions_evaluate_to_what_they_had_when_they_were_taken(
    algorithm: type[RecurrentPPO], critic: str, batch_size: int
) -> None:
    model = make(algorithm, critic=critic)
    _, callback = model._setup_learn(10_000)
    for _ in range(2):
        model.collect_rollouts(model.env, callback, model.rollout_buffer, 24)  # type: ignore[arg-type]
    for batch in model.rollout_buffer.get(batch_size):
        values, log_prob, _ = model.policy.evaluate_actions(
            batch.observations,
            batch.actions,
            batch.lstm_states,  # type: ignore[call-arg, attr-defined]
            batch.episode_starts,  # type: ignore[attr-defined]
        )
        real = batch.mask > 0  # type: ignore[attr-defined]
        torch.testing.assert_close(
            log_prob[real], batch.old_log_prob[real], rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(
            values.flatten()[real], batch.old_values[real], rtol=1e-4, atol=1e-5
        )


def test_a_batch_of_sequences_holds_every_step_once_and_in_order() -> None:
    model = make(SequencePPO)
    _, callback = model._setup_learn(10_000)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, 24)  # type: ignore[arg-type]
    expected = model.rollout_buffer.observations.copy()
    batches = list(model.rollout_buffer.get(48))
    found = torch.cat([b.observations for b in batches]).numpy().reshape(4, 24, -1)
    rows = {row.tobytes() for row in found}
    assert rows == {np.ascontiguousarray(expected[:, env]).tobytes() for env in range(4)}


def test_a_batch_that_cuts_sequences_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be a multiple of n_steps 24, not 50"):
        SequencePPO(NTMPolicy, make_sb3_env("NTMCopySmall-v0", 4), n_steps=24, batch_size=50)


def test_the_policy_saves_and_loads_by_itself(tmp_path: Path) -> None:
    policy = make(critic="separate").policy
    policy.save(str(tmp_path / "policy.pt"))
    loaded = NTMPolicy.load(str(tmp_path / "policy.pt"), device="cpu")
    observation = np.random.default_rng(0).normal(size=(5, 5)).astype(np.float32)
    expected = policy.predict(observation, deterministic=True)
    found = loaded.predict(observation, deterministic=True)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1])  # type: ignore[arg-type]


def test_prediction_works_with_and_without_a_batch_axis() -> None:
    policy = make().policy
    one = np.zeros(5, np.float32)
    action, state = policy.predict(one, deterministic=True)
    batched, _ = policy.predict(one[None], deterministic=True)
    assert action.shape == (4,)
    np.testing.assert_array_equal(action, batched[0])
    action, _ = policy.predict(one, state, np.array([False]), deterministic=True)
    assert action.shape == (4,)


def test_evaluate_policy_counts_what_the_environment_gives_under_a_monitor() -> None:
    model = make()
    env = VecMonitor(make_sb3_env("NTMCopySmall-v0", 3))
    env.seed(5)
    returns, lengths = evaluate_policy(model, env, 6, return_episode_rewards=True)
    assert isinstance(returns, list)
    assert isinstance(lengths, list)
    assert len(returns) == 6
    assert all(0 <= r <= (length - 1) / 2 for r, length in zip(returns, lengths, strict=True))


def test_weights_of_a_supervised_network_give_identical_answers_in_the_policy() -> None:
    model = make()
    torch.manual_seed(3)
    network = NTM(to_network(model.policy).config)  # type: ignore[arg-type]
    from_network(model.policy, network)  # type: ignore[arg-type]
    inputs = torch.randn(2, 6, 5)
    expected = network(inputs)[0].sigmoid().detach().numpy()
    agent, state = PolicyAgent(model.policy), None  # type: ignore[arg-type]
    for t in range(6):
        found, state = agent.predict_probabilities(inputs[:, t].numpy(), state)
        np.testing.assert_allclose(found, expected[:, t], rtol=1e-5, atol=1e-6)


def test_weights_survive_the_way_to_a_network_and_back() -> None:
    model = make()
    before = copy.deepcopy(model.policy.state_dict())
    from_network(model.policy, to_network(model.policy))  # type: ignore[arg-type]
    for name, tensor in model.policy.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_layers_before_the_action_net_cannot_go_into_a_network() -> None:
    with pytest.raises(ValueError, match=r"net_arch must be empty, not \[7\]"):
        to_network(make(net_arch=[7]).policy)  # type: ignore[arg-type]


def test_a_network_of_other_sizes_is_refused() -> None:
    policy = make().policy
    other = to_network(policy).with_memory_size(9)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="memory_size=6"):
        from_network(policy, other)  # type: ignore[arg-type]


def test_an_unknown_critic_is_refused() -> None:
    with pytest.raises(ValueError, match=r"critic must be one of .* not 'none'"):
        make(critic="none")


@pytest.mark.skipif(
    Version(version("sb3-contrib")) < Version("2.9"), reason="reported for sb3-contrib 2.9.2"
)
def test_the_stock_lstm_policy_still_crashes_on_bits() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 2)
    model = RecurrentPPO("MlpLstmPolicy", env, n_steps=24, batch_size=48, device="cpu")
    with pytest.raises(RuntimeError, match="can't be cast"):
        model.learn(48)


def test_the_stock_policy_still_omits_its_recurrent_arguments() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 2)
    model = RecurrentPPO(
        "MlpLstmPolicy", env, policy_kwargs={"lstm_hidden_size": 7}, device="cpu"
    )
    assert "lstm_hidden_size" not in model.policy._get_constructor_parameters()


def test_the_lstm_baseline_trains_on_bits_and_loads_by_itself(tmp_path: Path) -> None:
    env = make_sb3_env("NTMCopySmall-v0", 2)
    model = RecurrentPPO(
        LSTMPolicy,
        env,
        n_steps=24,
        batch_size=48,
        policy_kwargs={"lstm_hidden_size": 7, "n_lstm_layers": 2},
        device="cpu",
    )
    model.learn(48)
    model.policy.save(str(tmp_path / "policy.pt"))
    loaded = LSTMPolicy.load(str(tmp_path / "policy.pt"), device="cpu")
    assert loaded.lstm_actor.hidden_size == 7
    assert loaded.lstm_actor.num_layers == 2


def test_the_policy_plays_single_environments_too() -> None:
    model = RecurrentPPO(
        NTMPolicy,
        gymnasium.make("ntm_gym:NTMCopySmall-v0"),
        n_steps=24,
        batch_size=24,
        policy_kwargs={"ntm_kwargs": SMALL},
        device="cpu",
    )
    model.learn(24)
    assert model.num_timesteps == 24
