"""What every task must satisfy, over its parameters and keys; and the oracle's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_gym.evaluation.metrics import wrong_bits
from ntm_gym.tasks import (
    TASKS,
    AssociativeRecall,
    Copy,
    NGram,
    PrioritySort,
    RepeatCopy,
    Task,
    make_task,
    register_task,
)
from ntm_gym.tasks.episodes import compress, expand
from ntm_gym.tasks.keyed_random import derive_keys

SMALL = st.integers(1, 5)
WIDTHS = st.sampled_from([1, 3, 8, 10, 11, 20])
KEYS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5)
PARAMETERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "copy": st.builds(
        lambda bits, low, more: {"num_bits": bits, "min_length": low, "max_length": low + more},
        WIDTHS,
        SMALL,
        SMALL,
    ),
    "repeat_copy": st.builds(
        lambda bits, low, more, repeats: {
            "num_bits": bits,
            "min_length": low,
            "max_length": low + more,
            "max_repeats": repeats,
        },
        WIDTHS,
        SMALL,
        SMALL,
        SMALL,
    ),
    "associative_recall": st.builds(
        lambda bits, length, more: {
            "num_bits": bits,
            "item_length": length,
            "max_items": 1 + more,
        },
        WIDTHS,
        SMALL,
        SMALL,
    ),
    "ngram": st.builds(
        lambda context, length: {"context_length": context, "sequence_length": length},
        SMALL,
        st.integers(1, 30),
    ),
    "priority_sort": st.builds(
        lambda bits, outputs, more: {
            "num_bits": bits,
            "num_inputs": outputs + more,
            "num_outputs": outputs,
        },
        WIDTHS,
        SMALL,
        SMALL,
    ),
}


def test_every_registered_task_is_tested_here() -> None:
    assert PARAMETERS.keys() == TASKS.keys()


@pytest.mark.parametrize("name", TASKS)
@given(data=st.data(), keys=KEYS)
def test_a_batch_equals_its_episodes_one_by_one(
    name: str, data: st.DataObject, keys: list[int]
) -> None:
    task = make_task(name, **data.draw(PARAMETERS[name]))
    batch = task.sample(np.array(keys, np.uint64))

    for b, key in enumerate(keys):
        alone = task.sample(np.array([key], np.uint64))
        steps = int(alone.lengths[0])
        assert batch.lengths[b] == steps <= task.max_steps
        for field in ("inputs", "targets", "target_mask"):
            row = getattr(batch, field)[b]
            np.testing.assert_array_equal(row[:steps], getattr(alone, field)[0])
            assert not row[steps:].any()


@pytest.mark.parametrize("name", TASKS)
@given(data=st.data(), keys=KEYS)
def test_types_sizes_and_bounds_are_as_promised(
    name: str, data: st.DataObject, keys: list[int]
) -> None:
    task = make_task(name, **data.draw(PARAMETERS[name]))
    episodes = task.sample(np.array(keys, np.uint64))

    assert [field.dtype for field in episodes] == [np.float32, np.int8, np.bool_, np.int64]
    assert episodes.inputs.shape == (len(keys), max(episodes.lengths), task.input_size)
    assert episodes.targets.shape == (*episodes.inputs.shape[:2], task.output_size)
    assert episodes.target_mask.shape == episodes.inputs.shape[:2]
    assert episodes.target_mask.any(1).all()
    assert set(np.unique(episodes.targets)) <= {0, 1}
    assert not episodes.targets[~episodes.target_mask].any()
    low, high = np.array(task.input_bounds, np.float32)
    assert low <= episodes.inputs.min()
    assert episodes.inputs.max() <= high
    assert make_task(name, **task.parameters()) == task


@pytest.mark.parametrize("name", TASKS)
def test_no_keys_give_no_episodes(name: str) -> None:
    episodes = make_task(name).sample(np.zeros(0, np.uint64))

    assert [len(field) for field in episodes] == [0, 0, 0, 0]


@pytest.mark.parametrize("name", TASKS)
def test_compressing_episodes_loses_nothing(name: str) -> None:
    episodes = make_task(name).sample(derive_keys(0, 0, 0, 5))

    for before, after in zip(episodes, expand(compress(episodes)), strict=True):
        np.testing.assert_array_equal(before, after)


ALWAYS_RIGHT = [Copy(), RepeatCopy(), AssociativeRecall(), PrioritySort()]


@pytest.mark.parametrize("task", ALWAYS_RIGHT, ids=lambda task: type(task).__name__)
def test_the_oracle_answers_every_scored_bit(task: Task) -> None:
    episodes = task.sample(derive_keys(3, 1, 0, 300))

    answers = task.solve(episodes.inputs)

    assert (wrong_bits(answers, episodes.targets) * episodes.target_mask).sum() == 0


@pytest.mark.parametrize("name", TASKS)
def test_the_oracle_never_looks_ahead(name: str) -> None:
    task = make_task(name)
    inputs = task.sample(derive_keys(3, 1, 0, 3)).inputs
    whole = task.solve(inputs)

    for steps in range(1, inputs.shape[1] + 1, 7):
        np.testing.assert_array_equal(task.solve(inputs[:, :steps]), whole[:, :steps])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("repeat_copy", {"min_repeats": 3, "max_repeats": 2}, "min_repeats must not exceed"),
        ("associative_recall", {"min_items": 1}, "min_items must be an integer of at least 2"),
        ("ngram", {"context_length": 17}, "context_length must be at most 16, not 17"),
        ("ngram", {"sequence_length": 0}, "sequence_length must be an integer of at least 1"),
        ("priority_sort", {"num_outputs": 21}, "num_outputs must not exceed num_inputs"),
        ("copy", {"num_bits": 2.5}, "num_bits must be an integer of at least 1, not 2.5"),
        ("copy", {"num_bits": True}, "num_bits must be an integer of at least 1, not True"),
    ],
)
def test_impossible_parameters_are_refused(
    name: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_task(name, **parameters)


def test_a_range_is_replaced_as_a_whole() -> None:
    assert Copy().replace(length=7) == Copy(min_length=7, max_length=7)
    assert RepeatCopy().replace(repeats=3, max_length=4) == RepeatCopy(8, 1, 4, 3, 3)
    with pytest.raises(ValueError, match=r"Copy has the parameters .* not 'width'"):
        Copy().replace(width=7)


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="the name 'copy' is taken by Copy"):
        register_task("copy", NGram)
