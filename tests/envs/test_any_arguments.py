"""Any arguments and options: an environment that plays, or one line that says why not."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv
from ntm_gym.tasks import TASKS
from tests.fuzzing import fuzz

MOST_BYTES = 2**30

SENSIBLE = st.integers(1, 12)
ODD = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 17, 300, 2**16, 2**20, 2**21, 2**31, 10**12, 2**64, 10**40]),
    st.floats(),
    st.booleans(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.none(),
    st.lists(st.integers(0, 9), max_size=4),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=2),
    st.builds(np.int64, st.integers(-5, 2**40)),
    st.builds(np.uint8, SENSIBLE),
    st.builds(np.float32, st.floats(width=32)),
    st.sampled_from([np.True_, np.array(3), np.ones(3), np.ones((2, 2), int), object(), {1}]),
)
VALUES = st.one_of(SENSIBLE, SENSIBLE, ODD)


def parameters_of(task: str) -> list[str]:
    fields = [field.name for field in dataclasses.fields(TASKS[task])]
    ranges = [name.removeprefix("min_") for name in fields if name.startswith("min_")]
    return [*fields, *ranges]


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, Any], Any]:
    task = draw(st.sampled_from(list(TASKS)))
    names = parameters_of(task)
    constructed = draw(
        st.dictionaries(st.sampled_from([*names, "frameskip"]), VALUES, max_size=3)
    )
    arguments = {
        "reward": st.sampled_from(["bits", "episode", "log_score", "kudos", 5]),
        "action": st.sampled_from(["bits", "probability", None, [1]]),
        "render_mode": st.sampled_from([None, "ansi", "rgb_array", "hologram", 3]),
    }
    for name, values in arguments.items():
        if draw(st.integers(0, 3)) == 0:
            constructed[name] = draw(values)
    each = st.one_of(VALUES, st.lists(VALUES, min_size=3, max_size=3))
    options = st.dictionaries(st.sampled_from([*names, "key", "width", 7]), each, max_size=3)
    return task, constructed, draw(st.one_of(st.none(), options, ODD)), draw(VALUES)


def attempt(act: Callable[[], Any]) -> Any:
    """Return what comes of it, or None after an error of one line of the right kind."""
    try:
        return act()
    except (TypeError, ValueError) as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    assert len(message) < 500
    return None


def play(env: Any, options: Any) -> None:
    for given_options in (None, options):
        if attempt(lambda: env.reset(seed=1, options=given_options)) is None:  # noqa: B023
            continue
        for _ in range(3):
            _, _, terminated, _, _ = env.step(env.action_space.sample())
            if terminated is True:
                break
        env.render()


def check(case: tuple[str, dict[str, Any], Any, Any]) -> None:
    task, arguments, options, limit = case
    tracemalloc.start()
    try:
        env = attempt(lambda: SequenceEnv(task, **arguments))
        if env is not None:
            env.task.parameters()
            single_options = options
            play(env, single_options)
        vector = attempt(
            lambda: SequenceVectorEnv(3, task, max_episode_steps=limit, **arguments)
        )
        if vector is not None:
            play(vector, options)
        attempt(lambda: SequenceVectorEnv(limit, task, **arguments))
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@fuzz(200)
@given(cases())
def test_any_arguments_play_or_are_refused_in_one_line(case: Any) -> None:
    check(case)


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("copy", {"max_length": 10**12}),
        ("copy", {"num_bits": 10**12}),
        ("copy", {"min_length": 30_840, "max_length": 30_840}),
        ("repeat_copy", {"max_length": 10**6, "max_repeats": 10**6}),
        ("associative_recall", {"item_length": 10**9}),
        ("ngram", {"sequence_length": 2**19}),
        ("priority_sort", {"num_inputs": 10**8}),
    ],
)
def test_an_episode_of_too_many_numbers_is_refused_before_it_is_made(
    task: str, parameters: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="an episode may hold at most 1048576 numbers"):
        SequenceEnv(task, **parameters)  # type: ignore[arg-type]
    names = {name.removeprefix("min_").removeprefix("max_") for name in parameters}
    if names <= {"length", "sequence_length"}:
        with pytest.raises(ValueError, match="an episode may hold at most 1048576 numbers"):
            SequenceEnv(task).reset(options=parameters)


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("copy", {"min_length": 30_839, "max_length": 30_839}),
        ("copy", {"num_bits": 1, "min_length": 174_000, "max_length": 174_000}),
        ("copy", {"num_bits": 170_000, "max_length": 1}),
        ("repeat_copy", {"max_length": 1, "min_repeats": 50_000, "max_repeats": 50_000}),
        ("ngram", {"context_length": 16, "sequence_length": 10}),
        pytest.param("ngram", {"sequence_length": 2**19 - 16}, marks=pytest.mark.slow),
        ("priority_sort", {"num_inputs": 29_000, "num_outputs": 29_000}),
    ],
)
def test_the_largest_episodes_that_are_allowed_are_played_in_little_memory(
    task: str, parameters: dict[str, int]
) -> None:
    tracemalloc.start()
    try:
        single = SequenceEnv(task, **parameters)  # type: ignore[arg-type]
        vector = SequenceVectorEnv(8, task, **parameters)  # type: ignore[arg-type]
        observation, _ = single.reset(seed=0)
        observations, _ = vector.reset(seed=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    np.testing.assert_array_equal(observations[0], observation)
    assert peak < MOST_BYTES


def test_one_long_episode_among_many_short_ones_takes_little_memory() -> None:
    vector = SequenceVectorEnv(64, "copy")
    tracemalloc.start()
    try:
        vector.reset(seed=0, options={"length": [20_000, *[None] * 63]})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < MOST_BYTES


def test_too_many_environments_are_refused() -> None:
    message = "may hold at most 67108864 numbers together, but"
    with pytest.raises(ValueError, match=message):
        SequenceVectorEnv(10**12, "copy")
    vector = SequenceVectorEnv(1_024, "copy")
    with pytest.raises(ValueError, match=message):
        vector.reset(options={"length": 10_000})
