"""Agents of checkpoints come from what is installed, not from a name in the suite."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ntm_agents import load_agent
from ntm_gym.cli import main
from ntm_gym.evaluation import loading
from ntm_gym.names import import_by_name


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "entry_points", lambda **selection: ())


def test_what_is_installed_loads_checkpoints() -> None:
    [loader] = entry_points(group=loading.ENTRY_POINTS, name="checkpoint")

    assert loader.load() is load_agent


@pytest.mark.usefixtures("nothing_installed")
def test_where_nothing_installed_loads_checkpoints_one_line_says_so(
    checkpoints: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--agent", str(checkpoints[0])]) == 2

    error = capsys.readouterr().err
    assert "no entry point 'checkpoint' in the group 'ntm_gym.agents'" in error
    assert error.count("\n") == 1


def test_an_attribute_of_an_attribute_has_a_name() -> None:
    assert import_by_name("pathlib:Path.joinpath") is Path.joinpath
    with pytest.raises(ValueError, match=r"module 'pathlib' has no 'Path\.sing'"):
        import_by_name("pathlib:Path.sing")
