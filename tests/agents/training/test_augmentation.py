"""Augmentation is as frequent as it should be, and changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ntm_agents.training.augmentation import sample_augmented
from ntm_agents.training.config import TrainingConfig
from ntm_gym.tasks import Task, make_task
from ntm_gym.tasks.keyed_random import derive_keys

KEYS = derive_keys(3, 0, 0, 4_000)
TASKS = ["copy", "repeat_copy", "associative_recall", "priority_sort"]


def copied_vectors(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return inputs[:, :20, :8]


def long_copy() -> Task:
    return make_task("copy", min_length=20)


@pytest.mark.parametrize("name", TASKS)
def test_without_probability_the_episodes_are_those_of_the_task(name: str) -> None:
    task = make_task(name)

    for found, expected in zip(
        sample_augmented(task, KEYS, 0.0), task.sample(KEYS), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_vectors_are_blank_or_repeat_the_one_before_as_often_as_asked() -> None:
    vectors = copied_vectors(sample_augmented(long_copy(), KEYS, 0.2).inputs)

    blank = (vectors == 0).all(-1)
    repeats = (vectors[:, 1:] == vectors[:, :-1]).all(-1) & ~blank[:, :-1]

    by_chance = 2.0**-8
    assert blank[:, 0].mean() == pytest.approx(0.1 + 0.9 * by_chance, abs=0.025)
    assert repeats.mean() == pytest.approx(0.9 * (0.1 + 0.8 * by_chance), abs=0.005)


def test_what_is_asked_for_changes_with_what_is_shown() -> None:
    episodes = sample_augmented(long_copy(), KEYS, 0.5)

    np.testing.assert_array_equal(copied_vectors(episodes.inputs), episodes.targets[:, 21:])


def test_in_recall_a_vector_repeats_the_one_in_the_item_before() -> None:
    task = make_task("associative_recall", min_items=6, max_items=6)
    inputs = sample_augmented(task, KEYS, 1.0).inputs
    items = inputs[:, :24].reshape(-1, 6, 4, 8)[:, :, 1:, :6]

    as_before = (items[:, 1:] == items[:, :-1]).all(-1)
    blank = (items[:, 1:] == 0).all(-1)

    assert (as_before | blank).all()
    assert blank.mean() > 0.5


@pytest.mark.parametrize("name", TASKS)
def test_marks_lengths_and_scored_steps_stay(name: str) -> None:
    task = make_task(name)
    changed, kept = sample_augmented(task, KEYS, 0.5), task.sample(KEYS)
    bits = task.parameters()["num_bits"]

    np.testing.assert_array_equal(changed.inputs[..., bits:], kept.inputs[..., bits:])
    np.testing.assert_array_equal(changed.target_mask, kept.target_mask)
    np.testing.assert_array_equal(changed.lengths, kept.lengths)
    assert (changed.inputs[..., :bits] != kept.inputs[..., :bits]).any()


def test_an_episode_depends_on_its_key_alone() -> None:
    together = sample_augmented(long_copy(), KEYS, 0.3).inputs
    alone = sample_augmented(long_copy(), KEYS[7:8], 0.3).inputs

    np.testing.assert_array_equal(together[7:8], alone)


def test_vectors_of_any_number_of_bits_are_augmented() -> None:
    task = make_task("associative_recall", min_items=6, max_items=6, num_bits=40)
    inputs = sample_augmented(task, KEYS, 1.0).inputs
    items = inputs[:, :24].reshape(-1, 6, 4, 42)[:, :, 1:, :40]

    blank = (items == 0).all(-1)
    as_before = (items[:, 1:] == items[:, :-1]).all(-1)

    assert (as_before | blank[:, 1:]).all()
    assert not blank.all()
    TrainingConfig("copy", {"num_bits": 11}, augmentation=0.1).make_task()


def test_tasks_without_random_vectors_are_refused() -> None:
    config = TrainingConfig(task="ngram", augmentation=0.1)

    with pytest.raises(ValueError, match="which is not made of random vectors"):
        config.make_task()
