"""Pipes, links, devices and odd paths end in one line, before anything is played."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard import submission
from ntm_gym.tensor_files import parse_tensor_file
from ntm_gym.untrusted import parse_untrusted_json, read_untrusted_json

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes, links and devices")


@pytest.fixture
def entry(board: Path) -> Path:
    return board / "supervised" / "untrained"


@pytest.fixture
def submit(
    tmp_path: Path,
    tiny_suite: Suite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Return what submits to a new board, must be refused before it plays, and says why."""

    def play(*arguments: object, **options: object) -> None:
        raise AssertionError("nothing may be played that is refused")

    def submit(*checkpoints: Path, **changes: str) -> str:
        monkeypatch.setattr(submission, "evaluate", play)
        options = {"name": "X", "folder": "x", "authors": "us", "suite": "tiny"} | changes
        about = [word for name, value in options.items() for word in (f"--{name}", value)]
        before = sorted(tmp_path.rglob("*"))
        command = ["leaderboard", "submit", *map(str, checkpoints), *about]
        assert main([*command, "--board", str(tmp_path / "new")]) == 2
        assert sorted(tmp_path.rglob("*")) == before
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    return submit


@pytest.mark.parametrize(
    "folder",
    ["../x", "/tmp/x", "a/b", ".", "..", "", ".x", "a\nb", "a b", "x" * 300, "\udcff", "-x/.."],
)
def test_a_folder_that_is_no_plain_name_is_refused_at_once(
    checkpoints: list[Path], submit: Callable[..., str], folder: str
) -> None:
    options = {"folder": folder} if not folder.startswith("-") else {"folder": f" {folder}"}
    assert "the folder's name must be 1 to 100 letters" in submit(checkpoints[0], **options)


@pytest.mark.parametrize("field", ["name", "authors", "link", "licence", "commit"])
def test_a_text_that_cannot_be_printed_is_refused_at_once(
    checkpoints: list[Path], submit: Callable[..., str], field: str
) -> None:
    assert f"{field} must be printable text" in submit(checkpoints[0], **{field: "a\x1bb"})


def test_a_link_where_the_entry_would_lie_is_refused_at_once(
    tmp_path: Path, checkpoints: list[Path], submit: Callable[..., str]
) -> None:
    (tmp_path / "new/supervised").mkdir(parents=True)
    (tmp_path / "new/supervised/x").symlink_to(tmp_path / "nowhere")

    assert "must not exist yet" in submit(checkpoints[0])


def test_a_checkpoint_that_is_no_plain_file_is_refused_at_once(
    tmp_path: Path, checkpoints: list[Path], submit: Callable[..., str]
) -> None:
    description = checkpoints[0].with_suffix(".json").read_text()
    pipe, link, folder, device = (tmp_path / f"{name}.safetensors" for name in "plfd")
    os.mkfifo(pipe)
    link.symlink_to(checkpoints[0])
    folder.mkdir()
    device.symlink_to("/dev/zero")
    for odd in (pipe, link, folder, device):
        odd.with_suffix(".json").write_text(description)

    assert "must be a plain file" in submit(pipe)
    assert "must be a file, not a link" in submit(link)
    assert "must be a plain file" in submit(folder)
    assert "must be a file, not a link" in submit(device)
    assert "must end in .safetensors" in submit(Path("/dev/zero"))


def test_a_description_that_is_no_plain_file_is_refused_at_once(
    checkpoints: list[Path], submit: Callable[..., str]
) -> None:
    description = checkpoints[0].with_suffix(".json")
    description.unlink()
    os.mkfifo(description)

    assert "must be a plain file" in submit(checkpoints[0])


def change_description(checkpoint: Path, **changes: Any) -> None:
    path = checkpoint.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"parameters": 99}, {}, "parameters must be the"),
        ({"train_seed": 11, "command": "mine"}, {}, "seeds of their own from 1 to 10, not 11"),
        ({"train_seed": 2**64}, {}, "integers must fit in 64 bits"),
        ({"sequences": 2**63}, {}, "sequences must be an integer"),
        ({"sequences": 1.5}, {}, "sequences must be an integer"),
        ({}, {"track": "reward-only"}, "is of track 'supervised' by its description"),
        ({"task": {"name": "ngram"}}, {}, "task must be as in suite 'tiny'"),
    ],
)
def test_a_description_that_cannot_be_entered_is_refused_at_once(
    checkpoints: list[Path],
    submit: Callable[..., str],
    changes: dict[str, Any],
    options: dict[str, str],
    message: str,
) -> None:
    change_description(checkpoints[0], **changes)

    assert message in submit(checkpoints[0], **options)


@pytest.mark.parametrize(
    "log",
    [
        "[1]\n",
        '{"sequences": 0, "validation_bits_per_sequence": NaN}\n',
        '{"sequences": 0, "validation_bits_per_sequence": "1"}\n',
        '{"sequences": 9e9, "validation_bits_per_sequence": 1}\n',
        '{"sequences": 9, "validation_bits_per_sequence": 1}\n',
        "[" * 100_000 + "\n",
    ],
)
def test_a_log_that_is_no_curve_is_refused_at_once(
    checkpoints: list[Path], submit: Callable[..., str], log: str
) -> None:
    (checkpoints[0].parent / "log.jsonl").write_text(log)

    assert "must" in submit(checkpoints[0])


def test_weights_that_are_on_the_board_are_refused_at_once(
    tmp_path: Path, board: Path, checkpoints: list[Path], submit: Callable[..., str]
) -> None:
    board.rename(tmp_path / "new")

    assert "must not repeat" in submit(checkpoints[0])
    assert "must not repeat" in submit(checkpoints[0], name="Another")


@pytest.mark.parametrize("name", ["entry.json", "seed-1.safetensors", "seed-1.json"])
def test_a_pipe_in_an_entry_is_not_waited_for(
    entry: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry / name).unlink()
    os.mkfifo(entry / name)

    assert main(["leaderboard", "verify", str(entry)]) == 2
    assert "must be a plain file" in capsys.readouterr().err


def test_what_is_no_folder_is_no_entry(
    tmp_path: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (entry.parent / "link").symlink_to(entry)
    (tmp_path / "file").write_text("")
    capsys.readouterr()

    for odd in ("/dev/null", tmp_path / "pipe", tmp_path / "file", tmp_path / "none"):
        assert main(["leaderboard", "verify", str(odd)]) == 2
        assert "must be a folder" in (error := capsys.readouterr().err)
        assert error.count("\n") == 1
    assert main(["leaderboard", "verify", str(entry.parent / "link")]) == 2
    assert "must be a folder, not a link" in capsys.readouterr().err


def test_strangers_names_stay_on_one_line(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry / "a\nb\x1b[2J").write_text("")

    assert main(["leaderboard", "verify", str(entry)]) == 2
    assert "\n" not in (error := capsys.readouterr().err).rstrip("\n")
    assert "\x1b" not in error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 18446744073709551616}', "must fit in 64 bits, not 18446744073709551616"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "must fit in 64 bits, not 9999"),
        (b'{"a": -9223372036854775809}', "must fit in 64 bits"),
        (b'{"a": ' * 100_000, "must hold JSON"),
        (b'{"a": NaN}', "must be finite, not NaN"),
        (b"\xff", "must hold JSON"),
        (b'{"' + b"a" * 100_000 + b'": 1, "' + b"a" * 100_000 + b'": 1}', "twice"),
    ],
)
def test_json_of_strangers_is_bounded(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        parse_untrusted_json("it", text)

    assert len(str(refusal.value)) < 500


def test_json_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_bytes(b"{}" + b" " * 2**20)

    with pytest.raises(ValueError, match="must be smaller than 1048576 bytes"):
        read_untrusted_json(tmp_path / "large.json")


def tensor_file(header: str, numbers: int = 8) -> bytes:
    return struct.pack("<Q", len(header)) + header.encode() + bytes(numbers)


GOOD = '"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}'


def test_a_tensor_file_is_read_without_torch() -> None:
    file = parse_tensor_file("it", tensor_file("{" + GOOD + "}"))

    assert file.tensors["a"].shape == (2,)
    assert file.size == 2


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{" + GOOD.replace("[2]", "[3]") + "}", "as long as its shape and dtype say"),
        ("{" + GOOD.replace("[2]", "[true]") + "}", "integers of at least 0"),
        ("{" + GOOD.replace("[2]", "[-2]") + "}", "integers of at least 0"),
        ("{" + GOOD.replace("[2]", "[9223372036854775807, 9]") + "}", "as long as its shape"),
        ("{" + GOOD.replace("[2]", "[" + "1," * 99 + "2]") + "}", "integers of at least 0"),
        ("{" + GOOD.replace("F32", "F31") + "}", "must be of F64, F32"),
        ("{" + GOOD.replace("[0, 8]", "[0]") + "}", "two offsets"),
        ("{" + GOOD.replace("[0, 8]", "[8, 16]") + "}", "must lie side by side"),
        ("{" + GOOD + ", " + GOOD.replace('"a"', '"b"') + "}", "must lie side by side"),
        ("{" + GOOD + ', "__metadata__": {"a": 1}}', "must hold texts"),
        ("{" + GOOD.replace('"a"', '"\\n"') + "}", "must be short and printable"),
        ("{}", "tells of 0 bytes of numbers, not 8"),
        ("[]", "must hold a JSON object"),
        ('{"a": 1}', "must have dtype, shape and data_offsets"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(header: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_tensor_file("it", tensor_file(header))


@pytest.mark.parametrize("content", [b"", b"1234567", struct.pack("<Q", 2**63) + b"{}"])
def test_a_header_past_the_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="header's length does not fit"):
        parse_tensor_file("it", content)
