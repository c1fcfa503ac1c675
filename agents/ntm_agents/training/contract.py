"""The network of a run, and what it must be, checked before anything is trained or written."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ntm_agents.networks import build_network, reporting_failures
from ntm_agents.ntm.module import NTM
from ntm_agents.training.buffers import preserved
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.sampling import Batch

_CALL = "logits, state = network(inputs, state=None)"


def initial_network(config: TrainingConfig) -> nn.Module:
    """Draw a run's initial weights from the generators; see `seeded`.

    Raises:
        ValueError: If the options do not fit the network, or an entropy penalty is given and
            it has no heads.
    """
    network = build_network(config.network, config.make_network_options())
    if config.entropy_penalty is not None and not isinstance(network, NTM):
        raise ValueError(
            f"entropy_penalty must be left out for {config.network}, which has no heads"
        )
    return network


def check_network(network: nn.Module, name: str, batch: Batch) -> None:
    """Call a network once, as training will, and leave it as it was.

    Args:
        network: On the device where it will be trained.
        name: Its name, for the error.
        batch: A small one, on the same device.

    Raises:
        ValueError: If the network cannot be called as it must be, or returns something else,
            or keeps what cannot be trained or saved; the message says what it returned.
    """
    _check_parameters(network, name)
    _check_kept_state(network, name)
    inputs = batch.inputs.clone()
    with preserved(network, inputs.device):
        network.train()
        with reporting_failures(f"{name} must be called {_CALL}, but failed"):
            output = network(inputs, None)
    if not torch.equal(inputs, batch.inputs):
        raise ValueError(f"{name} must leave its inputs as they are, but changes them in place")
    if not (isinstance(output, tuple | list) and len(output) == 2):
        raise ValueError(f"{name} must return logits and a state, not {_describe(output)}")
    _check_logits(output[0], name, batch)


def _check_parameters(network: nn.Module, name: str) -> None:
    parameters = dict(network.named_parameters())
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise ValueError(f"{name} must have parameters to train, but has none")
    for key, parameter in parameters.items():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise ValueError(f"{name} must be given its sizes, but {key!r} has none yet")
        if parameter.dtype != torch.float32:
            raise ValueError(
                f"{name} must have parameters of torch.float32, but {key!r} is "
                f"{parameter.dtype}"
            )


def _check_kept_state(network: nn.Module, name: str) -> None:
    """Refuse what a checkpoint could not bring back."""
    for key, value in network.state_dict().items():
        if not isinstance(value, Tensor) or key.endswith("_extra_state"):
            raise ValueError(
                f"{name} must keep its state in parameters and buffers, but {key!r} is neither"
            )
        if value.layout != torch.strided:
            raise ValueError(f"{name} must keep dense tensors, but {key!r} is {value.layout}")


def _check_logits(logits: object, name: str, batch: Batch) -> None:
    shape = tuple(batch.targets.shape)
    if not (
        isinstance(logits, Tensor)
        and tuple(logits.shape) == shape
        and logits.dtype == torch.float32
        and logits.device == batch.inputs.device
    ):
        raise ValueError(
            f"{name} must return logits of shape {shape}, torch.float32 on "
            f"{batch.inputs.device}, not {_describe(logits)}"
        )
    if not logits.requires_grad:
        raise ValueError(f"{name} must return logits that depend on its parameters")


def _describe(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {value.dtype} on {value.device}"
    if isinstance(value, tuple | list):
        return f"{len(value)} values: {', '.join(type(part).__name__ for part in value)}"
    return f"{type(value).__name__}"
