"""What every command owes its terminal: encoding, closed pipes, Ctrl-C, errors in one line."""

from __future__ import annotations

import argparse
import codecs
import errno
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NoReturn, TextIO

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells report it: 128 + SIGINT."""

CLOSED_PIPE = 141
"""Exit code when the output's reader has gone, as for ``yes | head``: 128 + SIGPIPE."""

USER_ERROR = 2
"""Exit code after an error that the user can mend."""

_PLAIN = {"░": ":", "▒": "+", "▓": "*", "█": "#", "·": ".", "→": "->", "±": "+-", "…": "..."}
_ENCODING_ERRORS = "ntm_gym.plain"
_LONGEST_LINE = 1_000


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line, and takes nothing twice.

    Options cannot be abbreviated: a new option would change what an abbreviation means.
    """

    def __init__(self, **arguments: Any) -> None:
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


def run_command(
    program: str,
    command: Callable[[], int],
    if_interrupted: str = "interrupted",
) -> int:
    """Run a command the way a user expects of a program in a terminal.

    Characters that the terminal's encoding lacks are printed as plain ones. A reader that
    closes the pipe early, as ``head`` does, ends the command silently. Ctrl-C, an error that
    the user can mend, too little memory or disk, and a package that is not installed end it
    with one line on standard error.

    Args:
        program: Its name, with which the line begins.
        command: Does the work and returns an exit code; imports what takes long to import.
        if_interrupted: What to say after Ctrl-C.

    Returns:
        The command's exit code, `INTERRUPTED`, `CLOSED_PIPE` or `USER_ERROR`.

    Raises:
        SystemExit: If ``command`` does, as argument parsers do.
    """
    with _plain_characters(sys.stdout), _plain_characters(sys.stderr):
        try:
            code = _run(program, command, if_interrupted)
        except SystemExit:
            if failure := _close_output(program):
                return failure
            raise
        return code or _close_output(program)


def _run(program: str, command: Callable[[], int], if_interrupted: str) -> int:
    try:
        return command()
    except KeyboardInterrupt:
        code, message = INTERRUPTED, if_interrupted
    except ModuleNotFoundError as error:
        code, message = USER_ERROR, _what_is_missing(error)
    except OSError as error:
        code, message = USER_ERROR, _what_was_refused(error)
        # An error that names no file may be one of the output's: try that again.
        if error.filename is None and (failure := _close_output(program, probe="\n")):
            return failure
    except (ValueError, ArithmeticError) as error:
        code, message = USER_ERROR, str(error) or type(error).__name__
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        code, message = USER_ERROR, f"out of memory: {str(error) or type(error).__name__}"
    _complain(program, message)
    return code


def _what_was_refused(error: OSError) -> str:
    """Return what the system refused, and for which file."""
    if error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory has run out, as Python or as torch says it."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "not enough memory" in str(error)
    )


def _close_output(program: str, probe: str = "") -> int:
    """Write what is left of the output; return an exit code, 0 if all of it arrived."""
    try:
        print(probe, end="", flush=True)
    except OSError as error:
        _discard(sys.stdout)
        if error.errno in (errno.EPIPE, errno.EINVAL):  # EINVAL: a closed pipe on Windows
            return CLOSED_PIPE
        _complain(program, f"the output cannot be written: {error.strerror}")
        return USER_ERROR
    return 0


def _complain(program: str, message: str) -> None:
    """Print one line on standard error, if anybody reads that."""
    line = " ".join(message.split())
    line = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …"
    try:
        print(f"{program}: {line}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let a stream that cannot be written be flushed, as Python does when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _what_is_missing(error: ModuleNotFoundError) -> str:
    """Say which module is missing, and how to install it if an extra of ours brings it."""
    module = (error.name or "").partition(".")[0]
    extra = _extra_with(module)
    if extra is None:
        return str(error)
    return f"there is no module {module!r}: install it by pip install '.[{extra}]'"


def _extra_with(module: str) -> str | None:
    """Return the extra that brings a module: ``all`` wherever that one does."""
    found = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?.*\bextra == [\"']([\w-]+)[\"']")
    matches = [found.match(line) for line in metadata.requires("ntm-gym") or ()]
    requirements = [match.groups() for match in matches if match]
    extras = [
        extra
        for distribution, _, extra in requirements
        if re.sub(r"[-.]", "_", distribution).lower() == module.lower()
    ]
    for _, included, extra in requirements:
        if extra == "all" and included and set(included.split(",")) & set(extras):
            return "all"
    return next(iter(extras), None)


def use_one_thread() -> None:
    """Have torch use a single thread, unless the user has set a number.

    Must come before torch is imported. Two threads that wait for each other on busy cores
    were ten times slower here, and sums then depend on how many there are.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Draw how much of something is done on standard error, if that is a terminal.

    Args:
        title: What is being done.
        total: Number of steps; None if nobody knows.

    Yields:
        What is called after each step, with a word for it.

    Raises:
        ModuleNotFoundError: If tqdm is absent; it comes with the extra ``leaderboard``.
    """
    from tqdm import tqdm

    with tqdm(desc=title, total=total, disable=None, leave=False) as bar:

        def advance(label: str) -> None:
            bar.set_postfix_str(label, refresh=False)
            bar.update()

        yield advance


def check_episodes(episodes: int | None) -> None:
    """Check the option ``--episodes`` before anything is read.

    Args:
        episodes: Episodes a point; None for all.

    Raises:
        ValueError: If it is none.
    """
    if episodes is not None and episodes < 1:
        raise ValueError(f"--episodes must be at least 1, not {episodes}")


@contextmanager
def _plain_characters(stream: TextIO | None) -> Iterator[None]:
    """Replace, for a while, what a stream's encoding lacks instead of raising."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.errors or "strict"
    stream.reconfigure(errors=_ENCODING_ERRORS)
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def _to_plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what is written instead of characters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    if all("\udc80" <= character <= "\udcff" for character in lacking):
        # Bytes of a file's name that could not be decoded: as they were.
        return bytes(ord(character) - 0xDC00 for character in lacking), error.end
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end


codecs.register_error(_ENCODING_ERRORS, _to_plain)
