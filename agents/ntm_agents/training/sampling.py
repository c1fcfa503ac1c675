"""What a run draws: training sequences and weight noise, functions of seed and position."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.training.augmentation import sample_augmented
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.sizes import block_size
from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.keyed_random import derive_keys

TRAINING, VALIDATION = 0, 2


class Batch(NamedTuple):
    """Episodes as tensors, cut to the longest of them.

    Attributes:
        inputs: Shape ``(B, T, I)``, float32.
        targets: Shape ``(B, T, O)``, float32, bits.
        target_mask: One where a step is scored and zero elsewhere, ``(B, T, 1)``, float32.
    """

    inputs: Tensor
    targets: Tensor
    target_mask: Tensor


def to_batch(episodes: Episodes, device: torch.device) -> Batch:
    """Copy episodes to a device; to a CUDA device while the host goes on."""
    batch = Batch(
        torch.as_tensor(episodes.inputs),
        torch.as_tensor(episodes.targets, dtype=torch.float32),
        torch.as_tensor(episodes.target_mask, dtype=torch.float32).unsqueeze(-1),
    )
    if device.type == "cuda":
        return Batch(*(field.pin_memory().to(device, non_blocking=True) for field in batch))
    return Batch(*(field.to(device) for field in batch))


def validation_batch(task: Task, count: int, device: torch.device) -> Batch:
    """Return the held-out episodes that every run is validated on."""
    return to_batch(task.sample(derive_keys(0, VALIDATION, 0, count)), device)


class TrainingSequences:
    """Sequence number ``i`` of a seed, whatever was drawn before; sampled a block at a time.

    Args:
        task: The task.
        seed: The training seed.
        batch_size: Sequences in a batch.
        device: The device that batches are put on.
        augmentation: See `TrainingConfig`; None for no augmentation.
    """

    def __init__(
        self,
        task: Task,
        seed: int,
        batch_size: int,
        device: torch.device,
        augmentation: float | None = None,
    ) -> None:
        self._task, self._seed, self._batch_size = task, seed, batch_size
        self._device, self._augmentation = device, augmentation
        self._block_size = block_size(task, batch_size)
        self._first = -1
        self._block: Batch | None = None
        self._lengths: list[int] = []

    def batch(self, start: int) -> Batch:
        """Return the batch that begins with sequence number ``start``."""
        first = start - start % self._block_size
        if self._block is None or first != self._first:
            episodes = self._sample(derive_keys(self._seed, TRAINING, first, self._block_size))
            self._first = first
            self._block = to_batch(episodes, self._device)
            self._lengths = episodes.lengths.tolist()
        rows = slice(start - first, start - first + self._batch_size)
        steps = max(self._lengths[rows])
        return Batch(*(field[rows, :steps] for field in self._block))

    def _sample(self, keys: NDArray[np.uint64]) -> Episodes:
        if self._augmentation is None:
            return self._task.sample(keys)
        return sample_augmented(self._task, keys, self._augmentation)


def weight_noise(config: TrainingConfig, position: int, parameters: Tensor) -> Tensor | None:
    """Return what is added to the parameters (Graves 2011), or None if nothing is.

    Args:
        config: The run.
        position: Sequences seen before.
        parameters: Shape ``(P,)``.
    """
    if config.weight_noise is None:
        return None
    generator = np.random.Generator(np.random.SFC64([config.seed, position]))
    noise = generator.standard_normal(len(parameters), np.float32)
    noise *= config.weight_noise
    return torch.from_numpy(noise).to(parameters)
