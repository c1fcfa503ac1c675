"""The kernels in several threads: they release Python's lock."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")


def in_threads(count: int, run: Callable[[int, int], Result]) -> list[Result]:
    """Split a range over torch's number of threads; return what each part returns."""
    workers = min(torch.get_num_threads(), count)
    if workers == 1:
        return [run(0, count)]
    bounds = [count * worker // workers for worker in range(workers + 1)]
    started = [
        _pool(workers).submit(run, first, last) for first, last in itertools.pairwise(bounds)
    ]
    return [part.result() for part in started]


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ntm")
