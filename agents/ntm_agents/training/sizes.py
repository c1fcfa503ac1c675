"""How much memory sequences take, known before any are drawn."""

from __future__ import annotations

from ntm_gym.tasks import Task

VALIDATION_EPISODES = 200
_BLOCK, _BLOCK_BYTES = 4096, 2**27
_LARGEST_BATCH_BYTES = 2**29


def check_sizes(task: Task, batch_size: int) -> None:
    """Refuse batches that would not fit into memory.

    Raises:
        ValueError: If a batch, or the held-out one, takes more than half a GiB.
    """
    for count in (batch_size, VALIDATION_EPISODES):
        if count * _bytes_of_episode(task) > _LARGEST_BATCH_BYTES:
            raise ValueError(
                f"{count:,} sequences of up to {task.max_steps:,} steps must take at most "
                f"{_LARGEST_BATCH_BYTES / 2**30} GiB, not "
                f"{count * _bytes_of_episode(task) / 2**30:.3g}"
            )


def block_size(task: Task, batch_size: int) -> int:
    """Return how many sequences are drawn at once: a multiple of the batch size."""
    wanted = max(1, min(_BLOCK, _BLOCK_BYTES // _bytes_of_episode(task)))
    return -(-wanted // batch_size) * batch_size


def _bytes_of_episode(task: Task) -> int:
    """Return the bytes of the longest episode: float32 inputs and targets, and bits."""
    return task.max_steps * (4 * task.input_size + 6 * task.output_size + 8)
