"""Jobs run side by side, fail alone, and stop together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ntm_agents.training import cli
from ntm_agents.training.config import TrainingConfig
from ntm_gym.files import write_json
from ntm_paper.sweep.display import Display
from ntm_paper.sweep.jobs import Job, make_job, read_progress
from ntm_paper.sweep.scheduler import Snapshot, run_jobs


class Script(Job):
    """A job that runs Python code instead of training."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", self.arguments[0]]


def script(name: str, code: str) -> Job:
    return Script(name, name, (code,), TrainingConfig(), Path("nowhere"), 1.0)


def test_a_job_that_fails_is_reported_with_its_last_line_and_stops_no_other(
    tmp_path: Path,
) -> None:
    bad = script("bad", "print('some'); raise SystemExit('out of luck')")
    good = script("good", f"open({str(tmp_path / 'done')!r}, 'w')")

    failures = run_jobs([bad, good], 1, poll_s=0.01)

    assert failures == {bad: "out of luck"}
    assert (tmp_path / "done").exists()


def test_no_more_jobs_than_workers_run_at_once_and_they_start_in_order() -> None:
    jobs = [script(str(number), "") for number in range(4)]
    seen: list[Snapshot] = []

    def look(snapshot: Snapshot) -> None:
        seen.append(snapshot._replace(waiting=dict(snapshot.waiting)))

    run_jobs(jobs, 2, look, poll_s=0.01)

    assert max(len(snapshot.running) for snapshot in seen) == 2
    assert list(seen[0].running) == jobs[:2]
    assert list(seen[0].waiting) == jobs[2:]
    assert set(seen[-1].ended) == set(jobs)


def test_an_interrupt_stops_every_job(tmp_path: Path) -> None:
    started, survived = tmp_path / "started", tmp_path / "survived"
    code = (
        f"import time; open({str(started)!r}, 'w'); time.sleep(2); open({str(survived)!r}, 'w')"
    )

    def interrupt(snapshot: Snapshot) -> None:
        if started.exists():
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_jobs([script("one", code), script("two", code)], 2, interrupt, poll_s=0.01)

    assert time.monotonic() - began < 2
    assert not survived.exists()


SMALL = "--sequences 40 --report-every 10 --option memory_size=6 --task-option max_length=2"


def small_job(root: Path, seed: int) -> Job:
    arguments = (*SMALL.split(), "--seed", str(seed))
    config = TrainingConfig(
        task_parameters={"max_length": 2},
        network_options={"memory_size": 6},
        sequences=40,
        report_every=10,
        seed=seed,
    )
    return Job(f"small {seed}", "small", arguments, config, root / f"seed-{seed}", 1.0)


def test_a_job_is_finished_only_by_the_run_that_it_asks_for(tmp_path: Path) -> None:
    job = small_job(tmp_path, 1)
    assert not job.finished

    assert cli.main(job.command[4:]) == 0

    assert job.finished
    assert read_progress(job).sequences == 40
    write_json(job.folder / "config.json", TrainingConfig(seed=9).to_json())
    assert not job.finished


@pytest.mark.slow
def test_training_goes_on_where_a_terminated_command_left_it(tmp_path: Path) -> None:
    program = "import sys; from ntm_paper.cli import main; sys.exit(main())"
    command = [
        sys.executable, "-c", program, "train", "--runs", str(tmp_path),
        "--only", "copy/ntm-ff", "--seeds", "1", "--jobs", "1",
    ]  # fmt: skip
    paths = os.pathsep.join(path for path in sys.path if path)
    job = make_job(tmp_path, "copy/ntm-ff", 1, 1.0)
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    deadline = time.monotonic() + 120
    while read_progress(job).sequences == 0 and time.monotonic() < deadline:
        assert process.poll() is None, "the command ended before its training was stopped"
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate()

    assert process.returncode == 130
    assert "stopped; called again, it goes on" in errors
    reached = read_progress(job)
    assert 0 < reached.sequences < reached.total
    time.sleep(2)
    assert read_progress(job).sequences == reached.sequences


def test_what_has_ended_is_said_once_where_nothing_can_be_redrawn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display(1, sys.stdout)
    good, bad = script("good", ""), script("bad", "")
    running = {good: read_progress(good)}
    display.show(Snapshot(running, {bad: read_progress(bad)}, {}, {}))
    ended = Snapshot({}, {}, running, {bad: "out of luck"})
    display.show(ended)
    display.show(ended)

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("bad")] == ["bad failed: out of luck"]
    assert lines[-1].startswith("1 of 2 runs finished, 1 failed; ")
