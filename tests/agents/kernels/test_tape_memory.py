import itertools

import numpy as np
import pytest

from ntm_agents import NTMConfig

pytest.importorskip("numba")
from ntm_agents.kernels.numba.buffers import TapeMemory
from ntm_agents.kernels.numba.layout import make_sizes

CONFIG = NTMConfig(input_size=3, output_size=2, memory_size=5, word_size=3, controller_size=7)


def make(steps: int = 4) -> TapeMemory:
    sizes = make_sizes(CONFIG, steps=steps, segment=2, outputs=2, itemsize=4)
    return TapeMemory(sizes, batch_size=2, dtype=np.float32)


def test_fields_of_a_tape_do_not_overlap() -> None:
    memory = make()
    for number, field in enumerate(memory.tape):
        field[...] = number
    for number, field in enumerate(memory.tape):
        assert (field == number).all()


def test_tapes_in_use_at_once_share_no_memory() -> None:
    memories = [make() for _ in range(4)]
    tapes = [memory.tape for memory in memories]
    for one, other in itertools.combinations(tapes, 2):
        assert not any(np.shares_memory(a, b) for a, b in zip(one, other, strict=True))


def test_memory_of_a_dropped_tape_is_used_again() -> None:
    memory = make()
    address = memory.tape.parameters.ctypes.data
    del memory
    assert make().tape.parameters.ctypes.data == address


def test_a_much_smaller_tape_does_not_hold_on_to_a_large_one() -> None:
    large = make(steps=400)
    address = large.tape.parameters.ctypes.data
    del large
    small = make(steps=1)
    assert small.tape.parameters.ctypes.data != address
