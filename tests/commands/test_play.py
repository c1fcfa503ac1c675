"""``ntm-gym play``: text, a window, and what a user gets wrong."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pygame
import pytest

from ntm_gym.cli import main
from ntm_gym.commands import play
from ntm_gym.envs import making
from ntm_gym.envs.rendering import Window
from ntm_gym.envs.sequence_env import SequenceEnv


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray[Any, Any]]:
    """What the screen holds after every picture that is shown."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setitem(SequenceEnv.metadata, "render_fps", 1_000)
    screens: list[np.ndarray[Any, Any]] = []
    show = Window.show

    def show_and_look(self: Window, image: np.ndarray[Any, Any]) -> None:
        show(self, image)
        if not self.closed_by_user:
            screen = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
            np.testing.assert_array_equal(screen, image)
            screens.append(screen)

    monkeypatch.setattr(Window, "show", show_and_look)
    return screens


def test_a_window_opens_shows_every_step_and_closes(
    shown: list[np.ndarray[Any, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", "NTMCopySmall-v0", "--render-mode", "human", "--seed", "3"]) == 0

    assert "0 of " in capsys.readouterr().out
    assert len(shown) % 2 == 0  # one picture for each of 2 L + 1 steps, and one before them
    assert len(shown) > 2
    assert any((first != shown[0]).any() for first in shown)
    assert not pygame.display.get_init()


def test_closing_the_window_ends_the_episode(
    shown: list[np.ndarray[Any, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = SequenceEnv.step

    def step_and_close(self: SequenceEnv, action: Any) -> Any:
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        return step(self, action)

    monkeypatch.setattr(SequenceEnv, "step", step_and_close)
    assert main(["play", "NTMCopyLong-v0", "--render-mode", "human"]) == 0

    assert capsys.readouterr().out.endswith(" until the window was closed\n")
    assert len(shown) == 1
    assert not pygame.display.get_init()


def test_an_interrupt_closes_the_window(
    shown: list[np.ndarray[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: SequenceEnv, action: Any) -> Any:
        assert pygame.display.get_init()
        raise KeyboardInterrupt

    monkeypatch.setattr(SequenceEnv, "step", interrupt)
    args = argparse.Namespace(
        env_id="NTMCopy-v0", render_mode="human", agent="oracle", seed=0, trust=[]
    )
    with pytest.raises(KeyboardInterrupt):
        play.run(args)

    assert len(shown) == 1
    assert not pygame.display.get_init()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("CartPole-v1", "'CartPole-v1' must be an environment of ntm-gym"),
        ("Nowhere-v0", "'Nowhere-v0' must be a registered environment"),
        ("nowhere:NTMCopy-v0", "must be a registered environment: No module named 'nowhere'"),
        ("NTMCopy-v0 --seed -1", "--seed must not be negative, not -1"),
        ("NTMCopy-v0 --agent nobody", "the agent must be one of oracle"),
    ],
)
def test_a_users_error_is_one_line(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", *arguments.split()]) == 2

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_window_without_pygame_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "RENDER_MODES", ["ansi", "rgb_array"])

    assert main(["play", "NTMCopy-v0", "--render-mode", "human"]) == 2

    assert capsys.readouterr().err == (
        "ntm-gym: there is no module 'pygame': install it by pip install '.[all]'\n"
    )


def test_no_screen_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")

    assert main(["play", "NTMCopy-v0", "--render-mode", "human"]) == 2

    error = capsys.readouterr().err
    assert "a window cannot be opened" in error
    assert error.count("\n") == 1
