"""Damaged entries, descriptions and tensor files: refused in one line, or verified."""

from __future__ import annotations

import copy
import json
import resource
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import build_network, count_parameters
from ntm_gym.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.leaderboard.attachments import hash_file
from tests.fuzzing import fuzz

SECONDS, BYTES = 10, 2**30
FUZZ = fuzz(25, SECONDS)

SIZES = {"input_size": 3, "output_size": 2}
NETWORKS: dict[str, dict[str, Any]] = {
    "ntm_agents:NTM": {
        "controller": "lstm",
        "controller_layers": 1,
        "controller_size": 6,
        "initial_focus": 1.0,
        "max_shift": 1,
        "memory_scale": 0.3,
        "memory_size": 5,
        "memory_start": "shared",
        "num_read_heads": 1,
        "num_write_heads": 1,
        "word_size": 4,
    },
    "ntm_baselines:GRU": {"hidden_size": 4, "num_layers": 1},
    "ntm_baselines:LSTM": {"hidden_size": 4, "num_layers": 1},
    "ntm_baselines:Transformer": {
        "hidden_size": 8,
        "num_heads": 2,
        "num_layers": 1,
        "window_size": 4,
    },
}
NUMBERS: list[Any] = [
    *(-1, 0, 1, 2, 3, 7, 11, 10**5, 10**9, 2**31, 2**53, 2**62, 2**63, 2**64, 10**40),
    *(0.5, -0.0, 1e308, 1e999, float("nan")),
]
TEXTS: list[Any] = [
    *("", "x", "../x", "/etc/passwd", "a\nb", "\ud800", "\x1b[2J", "x" * 10_000, "copy"),
    *("supervised", "reward-only", "reward only", "entry.json", "builtins:dict"),
    *("ntm-train ppo", "ntm-train '", "ntm-train --seed 2"),
]
ODD = st.one_of(
    st.sampled_from([*NUMBERS, *TEXTS, None, True, False, [], {}, [[]]]),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.lists(st.integers())),
    st.dictionaries(st.text(), st.lists(st.integers())),
)
PLACES = st.integers(0, len(NETWORKS) - 1)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """Yield a folder with a board of one entry of each network, on the only suite there is."""
    suite = Suite("tiny", 1, (Point("1-2", "copy", {"num_bits": 2, "max_length": 2}),), 4)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(suites, "SUITES", {"tiny": suite})
        for number, (network, options) in enumerate(NETWORKS.items()):
            checkpoint = save(
                Path(folder) / f"runs/{number}/model.safetensors", network, options
            )
            about = ["--name", network, "--folder", str(number), "--authors", "us"]
            command = ["leaderboard", "submit", str(checkpoint), "--suite", "tiny", *about]
            assert main([*command, "--board", f"{folder}/board"]) == 0
        yield Path(folder)


def save(path: Path, network: str, options: dict[str, Any]) -> Path:
    built = build_network(network, SIZES | options)
    about = {
        "network": network,
        "options": SIZES | options,
        "task": {"name": "copy", "parameters": {"num_bits": 2, "max_length": 2}},
        "train_seed": 1,
        "parameters": count_parameters(built),
        "sequences": 80,
        "updates": 10,
        "wall_time_s": 0.5,
        "command": "ntm-train --seed 1",
        "machine": "abacus",
        "versions": {"python": "3"},
        "training": {
            "seed": 1,
            "task": "copy",
            "task_parameters": {"num_bits": 2, "max_length": 2},
            "network": network,
            "network_options": options,
            "sequences": 80,
            "batch_size": 8,
        },
    }
    save_checkpoint(path, built, about)
    line = {"sequences": 80, "validation_bits_per_sequence": 1.5}
    (path.parent / "log.jsonl").write_text(json.dumps(line) + "\n")
    return path


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where everything lies in JSON."""
    if path:
        yield path
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """Draw an object with some values changed, removed, added or renamed."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from([*places(data)] or [()]))
        holder: Any = data
        for key in where[:-1]:
            holder = holder[key]
        kind = draw(st.sampled_from(["change", "change", "change", "remove", "add"]))
        if not where or kind == "add":
            data[draw(st.text(max_size=9))] = draw(ODD)
        elif kind == "remove":
            del holder[where[-1]]
        else:
            holder[where[-1]] = draw(ODD)
    return data


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw bytes with bits flipped, an end cut off or a piece put in."""
    kind = draw(st.sampled_from(["flip", "cut", "insert", "header"]))
    place = draw(st.integers(0, len(content) - 1))
    if kind == "cut":
        return content[:place]
    if kind == "insert":
        return content[:place] + draw(st.binary(max_size=9)) + content[place:]
    if kind == "flip":
        flipped = bytearray(content)
        for _ in range(draw(st.integers(1, 4))):
            flipped[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(flipped)
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    edited = json.dumps(draw(mutated(header))).encode()
    length = draw(st.sampled_from([len(edited), len(edited), 0, 2**40, 2**63]))
    return struct.pack("<Q", length) + edited + content[8 + len(json.dumps(header)) :]


def check(template: Path, number: int, edit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Run every verb on a board with one changed entry."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        entry = Path(folder) / f"board/supervised/{number}"
        shutil.copytree(template / entry.relative_to(folder), entry)
        edit(entry)
        board = ["--board", f"{folder}/board"]
        page = ["--output", f"{folder}/page.html", "--episodes", "1", "--baseline", "ntm"]
        for command in (
            ["verify", str(entry)],
            ["verify", *board],
            ["show", *board],
            ["page", *page, *board],
        ):
            run(["leaderboard", *command], capsys)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < BYTES


def run(command: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """Run a command that ends well or in one line."""
    capsys.readouterr()
    code = main(command)
    error = capsys.readouterr().err
    assert code in (0, 1, 2)
    assert error.count("\n") == (code == 2)
    assert len(error) < 3_000
    return code


@FUZZ
@given(data=st.data(), number=PLACES)
def test_a_mutated_entry_is_refused_or_verified(
    template: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject, number: int
) -> None:
    def edit(entry: Path) -> None:
        path = entry / "entry.json"
        path.write_text(json.dumps(data.draw(mutated(json.loads(path.read_text())))))

    check(template, number, edit, capsys)


@FUZZ
@given(data=st.data(), number=PLACES)
def test_a_mutated_description_is_refused_or_verified(
    template: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject, number: int
) -> None:
    def edit(entry: Path) -> None:
        path = entry / "seed-1.json"
        description = json.loads(path.read_text())
        if data.draw(st.booleans()):
            name = data.draw(st.sampled_from(sorted(description["options"])))
            description["options"][name] = data.draw(ODD)
            del description["training"]
        else:
            description = data.draw(mutated(description))
        path.write_text(json.dumps(description))
        claim(entry, "description_sha256", path)

    check(template, number, edit, capsys)


@FUZZ
@given(data=st.data(), number=PLACES)
def test_a_damaged_tensor_file_is_refused_or_verified(
    template: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject, number: int
) -> None:
    def edit(entry: Path) -> None:
        path = entry / "seed-1.safetensors"
        path.write_bytes(data.draw(damaged(path.read_bytes())))
        claim(entry, "sha256", path)

    check(template, number, edit, capsys)


@FUZZ
@given(data=st.data(), number=PLACES)
def test_a_damaged_run_is_entered_whole_or_not_at_all(
    template: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject, number: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(template / f"runs/{number}", folder, dirs_exist_ok=True)
        model = Path(folder) / "model.safetensors"
        path = Path(folder) / data.draw(
            st.sampled_from(["model.json", "model.safetensors", "log.jsonl"])
        )
        if path.suffix == ".safetensors":
            path.write_bytes(data.draw(damaged(path.read_bytes())))
        else:
            path.write_text(json.dumps(data.draw(mutated(json.loads(path.read_text())))) + "\n")
        name, target = (
            data.draw(st.text(max_size=9)),
            data.draw(st.text(max_size=9) | st.just("x")),
        )
        about = [f"--name={name}", f"--folder={target}", "--authors=us", "--suite=tiny"]

        code = run(
            ["leaderboard", "submit", str(model), *about, "--board", f"{folder}/b"], capsys
        )

        entries = list((Path(folder) / "b").rglob("*"))
        assert (code == 0) == bool(entries)
        if code == 0:
            assert run(["leaderboard", "verify", "--board", f"{folder}/b"], capsys) == 0


def claim(entry: Path, field: str, path: Path) -> None:
    """Let an entry claim the hash that a changed file has."""
    data = json.loads((entry / "entry.json").read_text())
    data["runs"][0][field] = hash_file(path)
    (entry / "entry.json").write_text(json.dumps(data))
