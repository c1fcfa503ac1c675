"""Whatever is typed, ntm-train answers in one line: drawn command lines up to the training."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ntm_agents.training import loop
from ntm_agents.training.cli import main
from ntm_agents.training.command import make_parser
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.devices import find_device
from tests.fuzzing import fuzz

FLAGS = [flag for action in make_parser()._actions for flag in action.option_strings]
ODD = [
    *("", "0", "-1", "1", "2", "3", "8", "1e9", "nan", "inf", "-inf", "1e400", "9" * 30),
    *("true", "null", "[]", "{}", "[[[[", "\udcff", "ü", "\n", "a=b", "=", "=1", "num_bits=3"),
    *("num_bits=0", "num_bits=1e3", "num_bits=99999999999999", "max_length=-3"),
    *("max_length=null", "min_length=NaN", "memory_size=true", "memory_size=-Infinity"),
    *("memory_size=0", "controller=lstm", "controller=", "word_size=[1]", "copy", "ngram"),
    *("copy/ntm-ff", "copy/lstm", "paper/copy/ntm-ff", "no-decay", "ntm_agents:NTM"),
    *("ntm_baselines:LSTM", "json:loads", "ntm_agents.nothing:X", "::", "cpu", "cuda", "meta"),
    *("cuda:-1", "start", "solved", "ppo", "--", "-", "-h2"),
]
VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=5))
OPTIONS = st.tuples(st.sampled_from(FLAGS), VALUES)
WORDS = st.lists(st.one_of(OPTIONS, OPTIONS, OPTIONS, st.tuples(VALUES)), max_size=4)


@pytest.fixture(scope="module", autouse=True)
def only_until_training() -> Any:
    """Stop where a run would begin: its own checks have tests of their own."""

    def begin(config: TrainingConfig, output: Path, device: str, *others: Any) -> Path:
        find_device(device)
        assert config.make_task().max_steps > 0
        raise ValueError("the run would begin")

    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "train", begin)
        yield
    torch.set_num_threads(threads)


@fuzz(300)
@given(WORDS)
def test_every_command_line_is_answered_in_one_line(drawn: list[tuple[str, ...]]) -> None:
    words = [word for part in drawn for word in part]
    if words[:1] == ["ppo"]:
        return
    errors, output = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        try:
            code: object = main(words)
        except SystemExit as error:
            code = error.code

    if code == 0:
        assert "usage: ntm-train" in output.getvalue()
    else:
        assert code == 2
        assert errors.getvalue().startswith("ntm-train: ")
        assert errors.getvalue().count("\n") == 1
