"""Weights between policies and supervised networks, both ways."""

from __future__ import annotations

import torch
from torch import nn

from ntm_agents.ntm.module import NTM
from ntm_agents.sb3.packing import PackedNTM
from ntm_agents.sb3.policy import NTMPolicy


def to_network(policy: NTMPolicy) -> NTM:
    """Return the network that the policy's actor is, on its device, with weights of its own.

    Its logits are those of the policy's bits.

    Raises:
        ValueError: If the policy has layers between the machine and the action net.
    """
    machine, action_net = _actor(policy)
    network = NTM(machine.ntm.config, machine.ntm.backend).to(machine.ntm.initial_memory.device)
    tensors = {**machine.ntm.state_dict()}
    tensors |= {f"output_layer.{name}": t for name, t in action_net.state_dict().items()}
    network.load_state_dict(tensors)
    return network


@torch.no_grad()
def from_network(policy: NTMPolicy, network: NTM) -> None:
    """Copy a network's weights into the policy's actor.

    Raises:
        ValueError: If the sizes differ, or the policy has layers between the machine and the
            action net.
    """
    machine, action_net = _actor(policy)
    if network.config != machine.ntm.config:
        raise ValueError(
            f"the policy's machine has {machine.ntm.config}, the network {network.config}"
        )
    tensors = network.state_dict()
    output = {name: tensors.pop(f"output_layer.{name}") for name in ("weight", "bias")}
    machine.ntm.load_state_dict(tensors)
    action_net.load_state_dict(output)


def _actor(policy: NTMPolicy) -> tuple[PackedNTM, nn.Module]:
    if policy.net_arch:
        raise ValueError(
            f"net_arch must be empty, not {policy.net_arch}: an NTM has no such part"
        )
    machine = policy.lstm_actor
    assert isinstance(machine, PackedNTM)
    return machine, policy.action_net
