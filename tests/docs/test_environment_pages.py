"""The published pages say what the code does today."""

from __future__ import annotations

import environment_pages
import numpy as np
import pytest
from matplotlib import image

from benchmarks.envs import format_result
from ntm_gym.evaluation.reference_scores import (
    SCORES,
    measure_scores,
    scores_table,
    spaces_table,
)
from ntm_gym.files import read_json
from ntm_gym.registration import ENVIRONMENTS
from ntm_gym.tasks import TASKS

SCORED = [
    pytest.param(env_id, marks=[] if "Small" in env_id else [pytest.mark.slow])
    for env_id in ENVIRONMENTS
]


@pytest.mark.parametrize("task", TASKS)
def test_a_page_is_what_its_docstrings_make(task: str) -> None:
    page = (environment_pages.PAGES / f"{task}.md").read_text(encoding="utf-8")

    assert page == environment_pages.make_page(task, read_json(SCORES))


@pytest.mark.parametrize("task", TASKS)
def test_a_picture_is_what_the_environment_draws(task: str) -> None:
    picture = image.imread(environment_pages.PICTURES / f"{task}.png")

    drawn = environment_pages.draw_episode(task)
    np.testing.assert_array_equal(np.rint(255 * picture[..., :3]), drawn)


@pytest.mark.parametrize("task", TASKS)
def test_every_page_has_gymnasiums_headings_and_a_diagram(task: str) -> None:
    page = environment_pages.make_page(task, read_json(SCORES))

    for heading in (
        *("Description", "Action Space", "Observation Space", "Starting State", "Rewards"),
        *("Episode Termination", "Information", "Arguments", "Version History"),
    ):
        assert f"\n## {heading}\n" in page
    assert "\n```text\n" in page


def test_the_overviews_tables_are_what_the_command_prints() -> None:
    overview = (environment_pages.DOCS / "environments.md").read_text(encoding="utf-8")
    scores = read_json(SCORES)

    assert spaces_table(scores) in overview
    assert scores_table({env_id: scores[env_id] for env_id in ENVIRONMENTS}) in overview
    speed = read_json(environment_pages.ROOT / "results/bench-envs.json")
    assert format_result(speed) in overview


@pytest.mark.parametrize("env_id", SCORED)
def test_the_published_scores_are_what_the_agents_get(env_id: str) -> None:
    published = read_json(SCORES)

    measured = measure_scores([env_id])[env_id]

    assert published.keys() == set(ENVIRONMENTS)
    for agent, score in measured.items():
        for name, value in score.items():
            expected = published[env_id][agent][name]
            assert value == (None if expected is None else pytest.approx(expected, rel=1e-4))
