"""What all commands of this package share: a user's error is one line, never a traceback."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

INSTALL = "pip install '.[all]'"
"""The install command that the README shows."""
USER_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141
"""Exit codes; the last two are 128 and the number of the signal, as a shell reports them."""


def run_command(program: str, command: Callable[[], int], if_interrupted: str = "") -> int:
    """Run a command and turn what can go wrong outside of it into one line and an exit code.

    Args:
        program: Its name, with which the line begins.
        command: Returns the exit code.
        if_interrupted: What to say after Ctrl-C, besides that the program has stopped.

    Returns:
        The command's exit code; 2 after a user's error, also where memory or disk did not
        suffice or a package is missing; 130 after Ctrl-C; 141 if nobody reads the output.

    Raises:
        SystemExit: If the command raises it, as argparse does.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files that are no valid text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            return command()
        finally:
            _flush_output()
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _say(program, f"stopped{if_interrupted}")
        return INTERRUPTED
    except ModuleNotFoundError as error:
        _say(program, f"{error.name} is not installed: {INSTALL}")
    except OSError as error:
        _say(program, describe_os_error(error))
    except MemoryError as error:
        _say(program, f"out of memory: {one_line(error)}")
    except (ValueError, ArithmeticError) as error:
        _say(program, one_line(error))
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        _say(program, f"out of memory: {one_line(error)}")
    return USER_ERROR


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, cut where it is very long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 1000 else f"{text[:1000]} …"


def describe_os_error(error: OSError) -> str:
    """Return what the system refused, and for which file."""
    if error.strerror is None:
        return one_line(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line, and takes nothing twice.

    Options cannot be abbreviated: a new option would change what an abbreviation means.
    """

    def __init__(self, **arguments: Any) -> None:
        """Build an empty parser."""
        super().__init__(**{"allow_abbrev": False, **arguments})
        self.register("action", None, _StoreOnce)
        self.register("action", "store", _StoreOnce)

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with code 2."""
        self.exit(USER_ERROR, f"{self.prog}: {' '.join(message.split())}\n")


class _StoreOnce(argparse.Action):
    """Stores a value, but refuses a second one, of which one would be ignored."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given: set[str] = namespace.__dict__.setdefault("_given", set())
        if self.dest in given:
            raise argparse.ArgumentError(self, "must not be given twice")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def parse_options(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse ``name=value``; a value is JSON where it can be, else text.

    Raises:
        ValueError: If there is no name or no equals sign, a name comes twice, or a number is
            not finite.
    """
    options: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise ValueError(f"an option must have the form NAME=VALUE, not {assignment!r}")
        if name in options:
            raise ValueError(f"option {name!r} must not be given twice")
        options[name] = _parse_value(name, value)
    return options


def _parse_value(name: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"option {name!r} must be finite, not {text}") from error
    return value


def _say(program: str, text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"{program}: {text}", file=sys.stderr)


def _flush_output() -> None:
    """Write what is buffered now, where an error can still be told."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EINVAL:  # how Windows reports a broken pipe
            raise BrokenPipeError from error
        if error.errno != errno.EPIPE:
            _discard_output()
        raise


def _discard_output() -> None:
    """Let nothing be written when the interpreter closes standard output."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether this is how torch says that a device has no memory left."""
    text = str(error)
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in text
