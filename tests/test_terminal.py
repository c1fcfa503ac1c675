"""What commands owe their terminal: any encoding, closed pipes, Ctrl-C, one line of error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest

from ntm_gym.terminal import CLOSED_PIPE, INTERRUPTED, USER_ERROR, run_command

PROGRAM = [sys.executable, "-c", "import sys; from ntm_gym.cli import main; sys.exit(main())"]
LONG, SHORT, HELP = ["envs"], ["play", "NTMCopySmall-v0"], ["play", "--help"]

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and /dev are POSIX's")


def start(
    arguments: Sequence[str | bytes], program: Sequence[str] = PROGRAM, **environment: str
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def program_that(code: str) -> list[str]:
    """Return a command line that runs code inside `run_command`."""
    lines = "\n    ".join(code.splitlines())
    body = f"def command():\n    {lines}\n    return 0\n"
    imports = "import os, sys\nfrom ntm_gym.terminal import run_command\n"
    return [sys.executable, "-c", f"{imports}{body}sys.exit(run_command('prog', command))"]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "iso8859-9", "utf-8"])
def test_an_episode_is_drawn_in_every_encoding(encoding: str) -> None:
    out, error = start(SHORT, PYTHONIOENCODING=encoding).communicate()

    assert error == b""
    drawn = out.decode(encoding)
    one, not_asked = (
        ("█" if encoding in ("cp437", "utf-8") else "#"),
        ("." if encoding == "ascii" else "·"),
    )
    assert one in drawn
    assert not_asked in drawn
    assert "0 of 12 bits wrong" in drawn


def test_characters_with_no_plain_form_become_question_marks() -> None:
    program = program_that("print('a\\u2192b \\u03a3')")

    assert start([], program, PYTHONIOENCODING="ascii").communicate()[0] == (
        b"a->b ?" + os.linesep.encode()
    )


def test_a_file_name_that_could_not_be_decoded_is_printed_as_it_was() -> None:
    program = program_that("print('\\udcfc.json')")

    assert (
        start([], program, PYTHONIOENCODING="utf-8").communicate()[0].startswith(b"\xfc.json")
    )


def test_the_streams_are_afterwards_as_they_were() -> None:
    before = sys.stdout.errors
    seen = []

    def command() -> int:
        seen.append(sys.stdout.errors)
        return 3

    assert run_command("prog", command) == 3
    assert seen != [before]
    assert sys.stdout.errors == before


@posix
@pytest.mark.parametrize("arguments", [LONG, SHORT, HELP])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_early_ends_the_command_silently(
    arguments: list[str], unbuffered: str
) -> None:
    with start(arguments, PYTHONUNBUFFERED=unbuffered) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""

    # argparse itself ignores that nobody reads its help.
    expected = (0, CLOSED_PIPE) if arguments == HELP else (CLOSED_PIPE,)
    assert process.wait() in expected


def test_the_error_of_another_pipe_is_not_swallowed() -> None:
    program = program_that("raise BrokenPipeError(32, 'a worker has gone')")
    process = start([], program)

    assert b"prog: a worker has gone" in process.communicate()[1]
    assert process.returncode == USER_ERROR


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [LONG, HELP])
def test_output_that_cannot_be_written_is_an_error_of_one_line(arguments: list[str]) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, env=environment
        )

    assert run.stderr == b"ntm-gym: the output cannot be written: No space left on device\n"
    assert run.returncode == USER_ERROR


@posix
@pytest.mark.parametrize("arguments", [["envs", "--scores"], ["leaderboard", "verify"]])
def test_ctrl_c_is_one_line_and_exit_code_130(arguments: list[str]) -> None:
    # A line on standard error once the verb is at work, and then the signal.
    code = (
        "import signal, sys, gymnasium\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # nohup ignores it
        "from ntm_gym import cli\n"
        "from ntm_gym.evaluation import evaluate\n"
        "play = evaluate.evaluate_point\n"
        "def say_and_play(*arguments):\n"
        "    print('at work', file=sys.stderr, flush=True)\n"
        "    return play(*arguments)\n"
        "evaluate.evaluate_point = say_and_play\n"
        "sys.exit(cli.main())\n"
    )
    process = start(arguments, [sys.executable, "-c", code])
    assert process.stderr is not None
    assert process.stderr.readline() == b"at work\n"

    process.send_signal(signal.SIGINT)

    rest = [line for line in process.communicate()[1].splitlines() if line != b"at work"]
    assert rest == [b"ntm-gym: interrupted"]
    assert process.returncode == INTERRUPTED


def run_raising(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    def command() -> int:
        raise error

    code = run_command("prog", command)
    return code, capsys.readouterr().err


def test_an_error_of_several_lines_is_told_in_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run_raising(ValueError("the size\n  must be\npositive"), capsys)

    assert (code, told) == (USER_ERROR, "prog: the size must be positive\n")


def test_an_error_that_is_ours_is_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError):
        run_raising(KeyError("a fault"), capsys)


REQUIREMENTS = [
    "numpy>=1.26",
    'torch>=2.2; extra == "agents"',
    'stable-baselines3>=2.4; extra == "agents"',
    "ray>=2.9; extra == 'distributed'",
    'ntm-gym[agents,plots]; extra == "all"',
    'ntm-gym[all,gpu]; extra == "dev"',
]


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("torch.nn", "there is no module 'torch': install it by pip install '.[all]'"),
        (
            "stable_baselines3",
            "no module 'stable_baselines3': install it by pip install '.[all]'",
        ),
        ("ray", "there is no module 'ray': install it by pip install '.[distributed]'"),
        ("abacus", "prog: No module named 'abacus'\n"),
    ],
)
def test_a_missing_package_is_one_line_with_the_command_that_installs_it(
    module: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: REQUIREMENTS)
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)

    code, line = run_raising(error, capsys)

    assert code == USER_ERROR
    assert told in line
    assert line.count("\n") == 1


CHECKPOINT = "leaderboard/supervised/copy-ntm-ff/seed-1.safetensors"


@pytest.mark.parametrize(
    ("absent", "arguments"),
    [
        ("torch", ["evaluate", "--agent", CHECKPOINT]),
        ("torch", ["play", "NTMCopy-v0", "--agent", CHECKPOINT]),
        ("torch", ["leaderboard", "verify", "--episodes", "1"]),
        ("torch", ["bench", "ntm"]),
        ("scipy", ["evaluate", "--agent", "coin", "--episodes", "2"]),
    ],
)
def test_without_an_extra_a_command_says_how_to_install_it(
    absent: str, arguments: list[str]
) -> None:
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "from ntm_gym.cli import main; sys.exit(main())"
    )
    process = start(arguments, [sys.executable, "-c", code])

    lines = process.communicate()[1].decode().splitlines()
    expected = f"ntm-gym: there is no module {absent!r}: install it by pip install '.[all]'"
    assert lines == [expected]
    assert process.returncode == USER_ERROR


def test_the_command_that_installs_all_is_the_readmes() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

    assert "pip install '.[all]'" in readme


def test_a_folder_that_the_locale_cannot_spell_is_named_as_it_is(tmp_path: Path) -> None:
    environment = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    folder = bytes(tmp_path) + "/Übung".encode()
    process = start(["leaderboard", "show", "--board", folder], **environment)

    error = process.communicate()[1]
    assert error.count(b"\n") == 1
    assert "Übung".encode() in error
    assert process.returncode == USER_ERROR
