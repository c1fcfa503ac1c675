"""Loss and gradient of one batch, step by step or as a captured CUDA graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ntm_agents.kernels.dispatch import selects_numba
from ntm_agents.networks import reporting_failures
from ntm_agents.ntm.module import NTM
from ntm_agents.training.buffers import preserved
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.losses import nats_per_sequence
from ntm_agents.training.sampling import Batch

ComputeGradient = Callable[[Batch], Tensor]
_WARM_UPS = 3


def gradient_of(
    network: nn.Module, flat: FlatParameters, entropy_penalty: float = 0.0
) -> Callable[[Batch], Tensor] | Callable[[Batch], float]:
    """Return what replaces the gradient by that of a batch and returns its loss in nats.

    An NTM that runs on the Numba kernels takes a way around autograd.

    Args:
        network: What learns.
        flat: Its parameters.
        entropy_penalty: What each nat of entropy of an NTM's weightings adds to the loss that
            the gradient is of, though not to the one that is returned.
    """
    vector = flat.vector
    if (
        isinstance(network, NTM)
        and selects_numba(network.backend, vector.device, vector.dtype)
        and _holds_weights_only(network)
    ):
        from ntm_agents.training.numba_gradient import NumbaGradient  # needs numba

        return NumbaGradient(network, entropy_penalty)
    return autograd_gradient_of(network, flat, entropy_penalty)


def autograd_gradient_of(
    network: nn.Module, flat: FlatParameters, entropy_penalty: float = 0.0
) -> ComputeGradient:
    """Return the same for any network, on any device."""

    def compute(batch: Batch) -> Tensor:
        flat.zero_gradient()
        with reporting_failures(
            f"{type(network).__name__} must learn from inputs of shape "
            f"{tuple(batch.inputs.shape)}, but failed"
        ):
            if entropy_penalty == 0:
                loss = nats = nats_per_sequence(network(batch.inputs)[0], batch)
            else:
                logits, _, entropy = network(batch.inputs, return_entropy=True)
                nats = nats_per_sequence(logits, batch)
                loss = nats + entropy_penalty * entropy
            loss.backward()
        return nats.detach()

    return compute


def _holds_weights_only(network: NTM) -> bool:
    """Return whether a kernel's gradients are those of all parameters, each its own.

    They are not where a layer was exchanged, wrapped, tied, frozen, hooked or parametrized.
    """
    if type(network).forward is not NTM.forward or network.layer_to_call() is not None:
        return False
    weights = network.weights()
    learned = [id(tensor) for tensor in weights.flat() if tensor.requires_grad]
    parameters = [id(parameter) for parameter in network.parameters()]
    return weights.output is not None and sorted(learned) == sorted(parameters)


class _Capture(NamedTuple):
    graph: torch.cuda.CUDAGraph
    batch: Batch
    nats: Tensor


class CapturedGradient:
    """The same, launched as one CUDA graph for each shape of a batch.

    At small batches a device waits for Python most of the time; a graph needs it only once.
    The first batch of a shape is slow, and the graphs of all shapes share their memory.

    Args:
        compute: What to capture; it must not wait for the device.
        device: Where it runs.
        network: What it calls; warming up leaves its buffers and all generators as they were.
            None if there is nothing to leave.

    Raises:
        ValueError: If the device is not a CUDA device.
    """

    def __init__(
        self, compute: ComputeGradient, device: torch.device, network: nn.Module | None = None
    ) -> None:
        check_capturable(device)
        self._compute, self._device = compute, device
        self._network = nn.Identity() if network is None else network
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self._captures: dict[torch.Size, _Capture] = {}

    def __call__(self, batch: Batch) -> Tensor:
        """Replace the gradient by that of a batch and return its loss in nats."""
        shape = batch.inputs.shape
        if shape not in self._captures:
            self._captures[shape] = self._capture(batch)
        capture = self._captures[shape]
        for kept, field in zip(capture.batch, batch, strict=True):
            kept.copy_(field, non_blocking=True)
        capture.graph.replay()
        return capture.nats

    def _capture(self, batch: Batch) -> _Capture:
        kept = Batch(*(field.clone() for field in batch))
        with preserved(self._network, self._device):
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                for _ in range(_WARM_UPS):
                    self._compute(kept)
            torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            nats = self._compute(kept)
        return _Capture(graph, kept, nats)


def check_capturable(device: torch.device) -> None:
    """Refuse devices that have no CUDA graphs.

    Raises:
        ValueError: If the device is not a CUDA device.
    """
    if device.type != "cuda":
        raise ValueError(f"a CUDA graph needs a cuda device, not {device}")
