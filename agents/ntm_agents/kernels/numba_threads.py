"""The kernels in several threads: they release Python's lock."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


def in_threads(count: int, run: Callable[[int, int], None]) -> None:
    """Split a range over torch's number of threads."""
    workers = min(torch.get_num_threads(), count)
    if workers == 1:
        run(0, count)
        return
    bounds = [count * worker // workers for worker in range(workers + 1)]
    for done in [
        _pool(workers).submit(run, first, last) for first, last in itertools.pairwise(bounds)
    ]:
        done.result()


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ntm")
