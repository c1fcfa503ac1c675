"""Workers end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

# A parent that runs one job of unlimited length, and says when the job has begun.
PARENT = """
import sys
from pathlib import Path
from ntm_paper import cli
from ntm_paper.commands import running
from ntm_paper.sweep.jobs import Job
from ntm_agents.training.config import TrainingConfig

class Endless(Job):
    @property
    def command(self):
        worker = super().command[:3]
        code = "from ntm_paper.sweep.worker import end_with_parent; end_with_parent(); "
        code += "import os, time; os.write(WRITING, b'begun'); "
        code += "[time.sleep(60) for _ in range(60)]"
        return [worker[0], "-c", code.replace("WRITING", sys.argv[1])]

job = Endless("endless", "endless", (), TrainingConfig(), Path(sys.argv[2]), 1.0)
running.longest_first = lambda jobs: [job]
import subprocess
popen = subprocess.Popen
subprocess.Popen = lambda *a, **k: popen(*a, **k, pass_fds=[int(sys.argv[1])])
sys.exit(cli.main(["train", "--quick", "--runs", sys.argv[2]]))
"""
SECONDS = 120.0


@pytest.mark.skipif(sys.platform == "win32", reason="signals and file descriptors of Unix")
@pytest.mark.usefixtures("hears_signals")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SIGKILL", -9),
        ("SIGHUP", 130),
        pytest.param("SIGTERM", 130, marks=pytest.mark.slow),
        pytest.param("SIGINT", 130, marks=pytest.mark.slow),
    ],
)
def test_no_worker_outlives_its_parent(name: str, code: int, tmp_path: Path) -> None:
    # The pipe's writing end is held by the worker: it ends when no worker is left.
    reading, writing = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(writing), str(tmp_path)],
        pass_fds=[writing],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    os.close(writing)
    watchdog = threading.Timer(SECONDS, parent.kill)
    watchdog.start()
    try:
        assert os.read(reading, 5) == b"begun"
        parent.send_signal(getattr(signal, name))
        errors = parent.communicate()[1]
        assert os.read(reading, 1) == b""
    finally:
        watchdog.cancel()
        parent.kill()
        os.close(reading)

    assert parent.returncode == code
    assert b"Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="there is no nohup")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    from ntm_paper.cli import _interrupted_by

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _interrupted_by("SIGHUP", "SIGTERM"):
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
