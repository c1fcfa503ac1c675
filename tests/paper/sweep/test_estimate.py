"""The time left follows from what has been measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntm_agents.training.config import TrainingConfig
from ntm_paper.sweep.estimate import seconds_left
from ntm_paper.sweep.jobs import Job, JobProgress


def job(group: str, expected_s: float) -> Job:
    return Job(group, group, (), TrainingConfig(), Path("nowhere"), expected_s)


def at(sequences: int, wall_time_s: float = 0.0, age_s: float = 0.0) -> JobProgress:
    return JobProgress(sequences, 100, 1.0, wall_time_s, age_s)


def test_before_anything_is_measured_the_expectation_counts() -> None:
    waiting = {job("a", 60): at(0), job("b", 30): at(0), job("c", 20): at(0)}
    assert seconds_left({}, waiting, {}, 2) == pytest.approx(60)


def test_a_running_job_goes_on_at_its_own_speed_since_its_last_report() -> None:
    assert seconds_left({job("a", 999): at(40, 20, age_s=5)}, {}, {}, 2) == pytest.approx(25)


def test_a_waiting_job_is_as_fast_as_its_group() -> None:
    waiting = {job("a", 999): at(0)}
    ended = {job("a", 999): at(100, 50)}
    assert seconds_left({}, waiting, ended, 1) == pytest.approx(50)


def test_a_machine_twice_as_slow_as_expected_is_so_for_jobs_not_yet_seen() -> None:
    waiting = {job("b", 10): at(0)}
    ended = {job("a", 30): at(100, 60)}
    assert seconds_left({}, waiting, ended, 1) == pytest.approx(20)


def test_a_waiting_job_starts_when_a_worker_is_free() -> None:
    running = {job("a", 1): at(50, 30), job("a", 1): at(50, 50)}
    waiting = {job("b", 1): at(50, 10)}
    assert seconds_left(running, waiting, {}, 2) == pytest.approx(50)
