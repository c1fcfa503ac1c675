import pytest
import torch
from torch import Tensor

from ntm_agents.ntm.config import NTMConfig
from ntm_agents.sb3.packing import PackedNTM

CONFIGS = [
    NTMConfig(3, 1, controller, 6, 1, 5, 4, 2, 1) for controller in ("feedforward", "lstm")
]


def make(config: NTMConfig) -> PackedNTM:
    torch.manual_seed(0)
    machine = PackedNTM(config)
    with torch.no_grad():
        machine.ntm.initial_read_vectors.normal_()
    return machine


def zeros(machine: PackedNTM, batch: int) -> tuple[Tensor, Tensor]:
    return torch.zeros(1, batch, machine.hidden_size), torch.zeros(
        1, batch, machine.hidden_size
    )


@pytest.mark.parametrize("config", CONFIGS)
def test_a_packed_state_unpacks_to_itself(config: NTMConfig) -> None:
    machine = make(config)
    state = machine.ntm(torch.randn(2, 3, 3))[1]
    packed = machine.pack(state)
    unpacked = machine.unpack(torch.cat([packed[0][0], packed[1][0]], dim=-1))
    for found, expected in zip(unpacked, state, strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("config", CONFIGS)
def test_zeros_stand_for_the_learned_initial_state_with_a_gradient_to_it(
    config: NTMConfig,
) -> None:
    machine, inputs = make(config), torch.randn(2, 4, 3)
    expected = machine.ntm(inputs)[0]
    found, _ = machine(inputs, zeros(machine, 2), torch.zeros(2, 4))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    found.sum().backward()
    for name, parameter in machine.ntm.named_parameters():
        assert parameter.grad is not None, name
    assert machine.ntm.initial_read_vectors.grad is not None
    assert machine.ntm.initial_read_vectors.grad.abs().sum() > 0


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("junk", [float("nan"), float("inf"), 3.0])
def test_junk_at_an_episode_start_counts_for_nothing(config: NTMConfig, junk: float) -> None:
    machine, inputs = make(config), torch.randn(2, 1, 3)
    expected = machine.ntm(inputs)[0]
    state = torch.full((1, 2, machine.hidden_size), junk)
    found, _ = machine(inputs, (state, state), torch.ones(2, 1))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    found.sum().backward()
    gradients = [p.grad for p in machine.parameters() if p.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_sequence_with_resets_inside_equals_its_steps_one_by_one(config: NTMConfig) -> None:
    machine, inputs = make(config), torch.randn(3, 7, 3)
    starts = torch.zeros(3, 7)
    starts[0, 3] = starts[1, 0] = starts[1, 6] = 1
    whole, last = machine(inputs, zeros(machine, 3), starts)
    state, outputs = zeros(machine, 3), []
    for t in range(7):
        output, state = machine(inputs[:, t : t + 1], state, starts[:, t : t + 1])
        outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, 1), whole, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(torch.cat(state), torch.cat(last), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("config", CONFIGS)
def test_two_hundred_blank_steps_stay_finite(config: NTMConfig) -> None:
    machine = make(config)
    features, state = machine(torch.zeros(1, 200, 3), zeros(machine, 1), torch.zeros(1, 200))
    assert features.isfinite().all()
    assert torch.cat(state).isfinite().all()
