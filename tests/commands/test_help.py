"""Every option of every verb says what it is for, and its default."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from ntm_gym.cli import make_parser

ABSENT: tuple[object, ...] = (None, "", [], False, argparse.SUPPRESS)


def options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Yield the arguments of a parser and of its verbs, with the commands they belong to."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from options(verb)
        else:
            yield parser.prog, action


OPTIONS = [
    pytest.param(action, id=f"{command} {action.option_strings or action.dest}")
    for command, action in options(make_parser())
]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_help_that_tells_its_default(option: argparse.Action) -> None:
    assert option.help
    if option.default not in ABSENT:
        assert f"{option.default} by default" in option.help
