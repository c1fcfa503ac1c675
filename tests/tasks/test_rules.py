"""Each task follows its section of the paper: literal episodes and distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_gym.evaluation.metrics import cost_in_bits
from ntm_gym.tasks import AssociativeRecall, Copy, NGram, PrioritySort, RepeatCopy, Task
from ntm_gym.tasks.keyed_random import derive_keys
from ntm_gym.tasks.priority_sort import descending_order

KEYS = derive_keys(0, 0, 0, 20_000)


def chi_squared(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2 / expected).sum())


def test_repeat_copy_shows_vectors_and_a_count_and_asks_for_them_that_often() -> None:
    task = RepeatCopy(num_bits=3, min_length=2, max_length=4, min_repeats=1, max_repeats=3)
    episodes = task.sample(KEYS[:50])

    for inputs, targets, mask, steps in zip(*episodes, strict=True):
        (length,) = np.flatnonzero(inputs[:, 3])
        repeats = (steps - 2) // length - 1
        vectors = inputs[:length, :3]
        assert inputs[length, 4] == pytest.approx((repeats - 5.5) / np.sqrt(8.25))
        assert not inputs[length + 1 :].any()
        answers = targets[length + 1 : steps]
        np.testing.assert_array_equal(answers[:-1, :3], np.tile(vectors, (repeats, 1)))
        np.testing.assert_array_equal(answers[:-1, 3], 0)
        np.testing.assert_array_equal(answers[-1], [0, 0, 0, 1])
        np.testing.assert_array_equal(np.flatnonzero(mask), np.arange(length + 1, steps))


def test_repeat_counts_have_mean_zero_and_variance_one_over_the_papers_range() -> None:
    episodes = RepeatCopy().sample(KEYS)

    counts = episodes.inputs[..., 9][episodes.inputs[..., 8] == 1]
    assert counts.mean() == pytest.approx(0, abs=0.03)
    assert counts.var() == pytest.approx(1, abs=0.03)
    levels, occurrences = np.unique(counts, return_counts=True)
    assert len(levels) == 10
    assert chi_squared(occurrences) < 27.9


def test_the_count_is_normalized_with_the_papers_range_beyond_it_too() -> None:
    episodes = RepeatCopy(min_repeats=20, max_repeats=20).sample(KEYS[:3])

    counts = episodes.inputs[..., 9][episodes.inputs[..., 8] == 1]
    np.testing.assert_allclose(counts, (20 - 5.5) / np.sqrt(8.25), rtol=1e-6)


@pytest.mark.parametrize(
    ("task", "steps"),
    [
        (Copy(min_length=6, max_length=6), 2 * 6 + 1),
        (RepeatCopy(8, 6, 6, 3, 3), 6 * (3 + 1) + 2),
        (AssociativeRecall(6, 4, 5, 5), 5 * (4 + 1) + 2 * 4 + 2),
        (NGram(sequence_length=17), 17),
        (PrioritySort(8, 7, 5), 7 + 5 + 1),
    ],
)
def test_an_episode_takes_the_steps_that_the_documentation_says(task: Task, steps: int) -> None:
    assert task.sample(KEYS[:10]).lengths.tolist() == [steps] * 10


def test_recall_shows_items_and_a_query_and_asks_for_the_next_item() -> None:
    task = AssociativeRecall(num_bits=5, item_length=2, min_items=2, max_items=4)
    episodes = task.sample(KEYS[:50])

    for inputs, targets, mask, steps in zip(*episodes, strict=True):
        num_items = int(inputs[:, 5].sum())
        delimiters = np.flatnonzero(inputs[:, 5])
        np.testing.assert_array_equal(delimiters, 3 * np.arange(num_items))
        first, second = np.flatnonzero(inputs[:, 6]).tolist()
        assert (first, second) == (3 * num_items, 3 * num_items + 3)
        items = [inputs[3 * i + 1 : 3 * i + 3, :5] for i in range(num_items)]
        query, answer = inputs[first + 1 : second, :5], targets[second + 1 : steps]
        assert any(
            (query == items[i]).all() and (answer == items[i + 1]).all()
            for i in range(num_items - 1)
        )
        np.testing.assert_array_equal(np.flatnonzero(mask), [second + 1, second + 2])
        assert steps == second + 3


def test_recall_queries_are_uniform_over_all_items_but_the_last() -> None:
    episodes = AssociativeRecall(min_items=5, max_items=5).sample(KEYS)

    items = episodes.inputs[:, :20, :6].reshape(-1, 5, 4, 6)[:, :, 1:]
    query = episodes.inputs[:, 21:24, :6]
    same = (items == query[:, None]).all((2, 3))
    assert chi_squared(same[:, :4].sum(0)) < 16.3
    assert same[:, 4].mean() < 1e-3


def test_recall_item_counts_are_uniform() -> None:
    episodes = AssociativeRecall().sample(KEYS)

    _, occurrences = np.unique(episodes.lengths, return_counts=True)
    assert len(occurrences) == 5
    assert chi_squared(occurrences) < 18.5


def test_ngram_inputs_are_the_targets_one_step_late_and_every_step_is_scored() -> None:
    episodes = NGram().sample(KEYS[:20])

    np.testing.assert_array_equal(episodes.inputs[:, 1:], episodes.targets[:, :-1])
    assert not episodes.inputs[:, 0].any()
    assert episodes.target_mask.all()


def test_ngram_probabilities_follow_beta_one_half_one_half() -> None:
    drawn = np.sort(NGram().probabilities(KEYS[:2000]).ravel())

    cumulative = 2 / np.pi * np.arcsin(np.sqrt(drawn))
    steps = (np.arange(len(drawn)) + 0.5) / len(drawn)
    assert np.abs(cumulative - steps).max() < 1.95 / np.sqrt(len(drawn))


def test_ngram_bits_follow_the_probability_of_their_context() -> None:
    task = NGram(context_length=2, sequence_length=3)
    bits = task.sample(KEYS).targets[..., 0]
    given = task.probabilities(KEYS)[np.arange(len(KEYS)), 2 * bits[:, 0] + bits[:, 1]]

    for low in np.arange(0, 1, 0.2):
        near = (low <= given) & (given < low + 0.2)
        difference = bits[near, 2].mean() - given[near].mean()
        assert abs(difference) < 4 * 0.5 / np.sqrt(near.sum())


def test_the_bits_before_the_first_context_are_fair() -> None:
    bits = NGram().sample(KEYS[:4000]).targets[:, :5, 0]

    assert bits.mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(bits.size))


def test_the_optimal_estimator_counts_what_followed_each_context() -> None:
    bits = [1, 0, 1, 1, 0, 1, 0, 0, 1, 1]
    inputs = np.array([0, *bits[:-1]], np.float32)[None, :, None]

    predicted = NGram(context_length=2).solve(inputs)[0, :, 0]

    for t in range(2, 10):
        context = bits[t - 2 : t]
        followed = [bits[i] for i in range(2, t) if bits[i - 2 : i] == context]
        assert predicted[t] == (sum(followed) + 0.5) / (len(followed) + 1)
    np.testing.assert_array_equal(predicted[:2], 0.5)


def test_the_optimal_estimator_costs_what_the_paper_shows() -> None:
    task = NGram()
    episodes = task.sample(KEYS)

    cost = cost_in_bits(task.solve(episodes.inputs), episodes.targets).sum(1)

    # 133.2 is the mean over 300,000 other episodes (standard error 0.07).
    assert cost.mean() == pytest.approx(133.2, abs=5 * cost.std() / np.sqrt(len(cost)))


def test_sort_asks_for_the_foremost_vectors_in_order() -> None:
    task = PrioritySort(num_bits=4, num_inputs=6, num_outputs=4)
    episodes = task.sample(KEYS[:50])

    for inputs, targets in zip(episodes.inputs, episodes.targets, strict=True):
        ranked = sorted(inputs[:6].tolist(), key=lambda row: -row[4])
        np.testing.assert_array_equal(targets[7:], [row[:4] for row in ranked[:4]])
        np.testing.assert_array_equal(inputs[6], [0, 0, 0, 0, 0, 1])
        assert not inputs[7:].any()


@given(st.lists(st.sampled_from([-1, -0.3, -1e-30, 0, 1e-30, 0.3, 1]), max_size=12))
def test_the_greatest_priority_comes_first_and_equal_ones_keep_their_order(
    values: list[float],
) -> None:
    row = np.array([values], np.float32)

    np.testing.assert_array_equal(descending_order(row), np.argsort(-row, kind="stable"))


def test_priorities_are_uniform_from_minus_one_to_one() -> None:
    drawn = np.sort(PrioritySort().sample(KEYS[:2000]).inputs[:, :20, 8].ravel())

    steps = (np.arange(len(drawn)) + 0.5) / len(drawn)
    assert np.abs((drawn + 1) / 2 - steps).max() < 1.95 / np.sqrt(len(drawn))
