"""What a stop, a full disk, damage and other versions leave in a run's folder."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from ntm_agents.files import read_tensors, write_tensors
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.loop import train
from ntm_agents.training.supervised_run import SupervisedRun

Named = Callable[[Callable[..., object]], str]
CONFIG = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 2},
    network="ntm_baselines:LSTM",
    network_options={"hidden_size": 4, "num_layers": 1},
    sequences=40,
    report_every=10,
)
MODEL, DESCRIPTION, CHECKPOINT = "model.safetensors", "model.json", "checkpoint.safetensors"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(CONFIG, tmp_path_factory.mktemp("finished"), show_progress=False).parent


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run whose last checkpoint is written, but whose network is not published."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / MODEL).unlink()
    (folder / DESCRIPTION).unlink()
    return folder


def go_on(folder: Path) -> None:
    train(CONFIG, folder, show_progress=False)


def contents(folder: Path) -> dict[str, Any]:
    """What must be the same for all runs: weights, description and log without times."""
    description = json.loads((folder / DESCRIPTION).read_text())
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for record in (description, *log):
        for name in ("wall_time_s", "cpu_time_s"):
            del record[name]
    return {"weights": (folder / MODEL).read_bytes(), "said": description, "log": log}


def edit_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def edit_checkpoint(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    tensors, text = read_tensors(folder / CHECKPOINT)
    fields = json.loads(text)
    change(fields)
    write_tensors(folder / CHECKPOINT, tensors, json.dumps(fields))


@pytest.mark.parametrize("left", [[], [MODEL], [DESCRIPTION]])
def test_a_run_stopped_while_it_publishes_is_published(
    left: list[str], run: Path, finished: Path
) -> None:
    for name in left:
        shutil.copy(finished / name, run / name)

    go_on(run)

    assert contents(run) == contents(finished)


@pytest.mark.parametrize("name", [MODEL, DESCRIPTION])
def test_a_damaged_published_file_is_published_again(
    name: str, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-20])

    go_on(folder)

    assert contents(folder) == contents(finished)


def test_a_stop_before_the_first_write_locks_no_folder(tmp_path: Path, finished: Path) -> None:
    for name in (".config.json.partial", ".config.json.01ab23cd.partial", ".lock"):
        (tmp_path / name).write_text("cut sh")

    go_on(tmp_path)

    assert contents(tmp_path) == contents(finished)
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda log: log[:-7],
        lambda log: log[:40],
        lambda log: b"",
        lambda log: log + log[:30],
        lambda log: log + b'{"sequences": 50, "validation_bits_per_sequence": 1.0}\n',
    ],
    ids=["cut", "cut early", "empty", "torn line", "later line"],
)
def test_a_torn_log_stops_no_run_and_ends_where_the_checkpoint_is(
    damage: Callable[[bytes], bytes], run: Path, finished: Path
) -> None:
    log = run / "log.jsonl"
    log.write_bytes(damage(log.read_bytes()))

    go_on(run)

    found, expected = contents(run), contents(finished)
    assert (found["weights"], found["said"]) == (expected["weights"], expected["said"])
    assert found["log"][-1] == expected["log"][-1]
    assert all(line in expected["log"] for line in found["log"])


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[]", b"{}", b'{"sequences": NaN}', b"nonsense"]
)
def test_damaged_lines_are_left_out_and_named(
    line: bytes, run: Path, finished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = run / "log.jsonl"
    first, *others = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([first, line + b"\n", *others]))

    with caplog.at_level(logging.WARNING):
        go_on(run)

    assert contents(run) == contents(finished)
    assert caplog.messages == [f"{log}: left out damaged lines [2]"]


def test_a_log_that_is_gone_is_begun_again(run: Path, finished: Path) -> None:
    (run / "log.jsonl").unlink()

    go_on(run)

    assert contents(run)["said"] == contents(finished)["said"]


def test_a_configuration_of_an_older_version_means_what_it_meant(
    run: Path, finished: Path
) -> None:
    older = (
        "augmentation", "entropy_penalty", "entropy_penalty_from", "weight_noise", "patience",
        "solved_below", "max_gradient_component",
    )  # fmt: skip
    edit_config(run, lambda fields: [fields.pop(name) for name in older])

    go_on(run)

    assert contents(run) == contents(finished)


def test_a_configuration_with_the_fields_former_names_is_the_same_run(
    run: Path, finished: Path
) -> None:
    former = {
        "augmentation": "coincidences",
        "entropy_penalty": "blur_penalty",
        "entropy_penalty_from": "blur_penalty_from",
    }
    edit_config(
        run, lambda fields: [fields.update({old: fields.pop(n)}) for n, old in former.items()]
    )

    go_on(run)

    assert contents(run) == contents(finished)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda fields: fields.update(coincidences=0.1),
            "must give augmentation under one name",
        ),
        (lambda fields: fields.update(of_the_future=1), "does not know: of_the_future; update"),
        (lambda fields: fields.pop("sequences"), "is damaged: sequences must be there"),
        (lambda fields: fields.update(sequences="many"), "another run: sequences differ"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_refused_by_name(
    change: Callable[[dict[str, Any]], object], message: str, run: Path
) -> None:
    edit_config(run, change)
    before = (run / CHECKPOINT).read_bytes()

    with pytest.raises(ValueError, match=message):
        go_on(run)

    assert (run / CHECKPOINT).read_bytes() == before


def make_old(folder: Path) -> None:
    """Turn a checkpoint into one of format 1: flat vectors and three numbers."""
    tensors, text = read_tensors(folder / CHECKPOINT)
    names = ("parameters", "square", "mean", "update")
    kept = ("sequences", "wall_time_s", "cpu_time_s", "solved_at")
    fields = {name: value for name, value in json.loads(text).items() if name in kept}
    vectors = {name: tensors[name] for name in names}
    write_tensors(folder / CHECKPOINT, vectors, json.dumps(fields))


def stop_at(sequences: int, config: TrainingConfig, folder: Path) -> None:
    """Train until a checkpoint is written, as if the process had then been killed."""
    save = SupervisedRun.save

    def save_and_stop(self: SupervisedRun, progress: Any) -> None:
        save(self, progress)
        if progress.sequences == sequences:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SupervisedRun, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, folder, show_progress=False)


def test_a_checkpoint_of_the_first_format_is_gone_on_from(
    tmp_path: Path, finished: Path
) -> None:
    stop_at(20, CONFIG, tmp_path)
    make_old(tmp_path)

    go_on(tmp_path)

    assert contents(tmp_path) == contents(finished)


class WithBatchNorm(nn.Module):
    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(input_size)
        self.layer = nn.Linear(input_size, output_size)

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return self.layer(self.norm(inputs.transpose(1, 2)).transpose(1, 2)), state


def test_a_checkpoint_of_the_first_format_lacks_the_buffers_of_a_network(
    named: Named, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, network=named(WithBatchNorm), network_options={})
    stop_at(20, config, tmp_path)
    make_old(tmp_path)

    with pytest.raises(
        ValueError, match="an older version wrote it, without the network's buf"
    ):
        train(config, tmp_path, show_progress=False)


def test_a_network_whose_layers_were_swapped_is_refused(named: Named, tmp_path: Path) -> None:
    def build(input_size: int, output_size: int, swapped: bool) -> nn.Module:
        class Two(nn.Module):
            first: nn.Linear
            second: nn.Linear

            def __init__(self) -> None:
                super().__init__()
                for name in ("second", "first") if swapped else ("first", "second"):
                    setattr(self, name, nn.Linear(input_size, output_size))

            def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
                return self.first(inputs) - 2 * self.second(inputs), state

        return Two()

    swapped = False
    name = named(lambda input_size, output_size: build(input_size, output_size, swapped))
    config = dataclasses.replace(CONFIG, network=name, network_options={})
    stop_at(20, config, tmp_path)
    swapped = True

    with pytest.raises(ValueError, match="other names, shapes or another order"):
        train(config, tmp_path, show_progress=False)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / CHECKPOINT).write_bytes(b"PK"), "whole safetensors file"),
        (lambda run: edit_checkpoint(run, dict.clear), "must be the checkpoint of this run"),
        (lambda run: edit_checkpoint(run, lambda f: f.update(format=3)), "a newer version"),
        (lambda run: edit_checkpoint(run, lambda f: f.update(sequences=-1)), "numbers of seq"),
        (lambda run: edit_checkpoint(run, lambda f: f.update(colour=1)), "colour"),
        (
            lambda run: edit_checkpoint(run, lambda f: f.update(sequences=10**9)),
            "more than the",
        ),
    ],
)
def test_a_damaged_or_foreign_checkpoint_is_named_with_what_to_do(
    damage: Callable[[Path], object], message: str, run: Path
) -> None:
    damage(run)

    with pytest.raises(ValueError, match=message) as raised:
        go_on(run)

    assert str(run) in str(raised.value)
    assert "remove" in str(raised.value)


@pytest.mark.parametrize("writes", range(0, 14, 2))
def test_a_full_disk_leaves_a_run_that_goes_on_when_there_is_room(
    writes: int, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = writes
    fsync = os.fsync

    def refuse_at_last(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse_at_last)
        for _ in range(2):  # called again, there is no room either
            with pytest.raises(OSError, match="No space left") as raised:
                go_on(tmp_path / "run")
            assert str(tmp_path) in str(raised.value.filename)
            assert not list(tmp_path.rglob("*.partial"))

    go_on(tmp_path / "run")
    assert contents(tmp_path / "run") == contents(finished)
