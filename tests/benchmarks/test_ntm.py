"""The benchmark of the core runs, and its arithmetic is right."""

from __future__ import annotations

import pytest
import torch

from benchmarks import ntm, ntm_contestants, ntm_cuda
from benchmarks.arithmetic import flops_of_pass
from ntm_agents import NTMConfig
from ntm_gym.cli import main


def test_a_small_benchmark_measures_every_contestant(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ntm, ntm_contestants):
        monkeypatch.setattr(module, "STEPS", 2)
        monkeypatch.setattr(module, "BATCH_SIZES", (1,))
    monkeypatch.setattr(ntm, "_SECONDS", 0.0)

    result = ntm.measure(1)

    assert set(result["milliseconds"]) == {
        "feedforward reference 1",
        "feedforward numba 1",
        "lstm reference 1",
        "lstm numba 1",
        "nn.LSTM 1",
    }
    assert all(time > 0 for time in result["forward_milliseconds"].values())
    floor = result["floor_milliseconds"]
    assert floor["lstm numba 1"] > floor["feedforward numba 1"] > 0
    kept = result["saved_bytes_per_step"]
    assert kept["feedforward reference 1"] > kept["feedforward numba 1"] > 128 * 4
    assert ntm.format_result(result).count("\n") == 3


def test_the_whole_benchmark_has_the_papers_sizes_once_each() -> None:
    assert list(ntm_contestants.sizes(full=True)) == [
        "feedforward",
        "lstm",
        "associative_recall feedforward",
        "priority_sort feedforward",
        "priority_sort lstm",
    ]


def test_options_of_the_command_reach_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def measure(rounds: int, **options: object) -> dict[str, object]:
        seen.update(options, rounds=rounds)
        return {}

    monkeypatch.setattr(ntm, "measure", measure)
    monkeypatch.setattr(ntm, "format_result", lambda result: "")

    assert main(["bench", "ntm", "--rounds", "3", "--full", "--device", "cuda"]) == 0
    assert seen == {"rounds": 3, "full": True, "device": "cuda"}


def test_options_of_one_benchmark_are_refused_by_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "envs", "--full"]) == 2
    assert "belong to 'bench ntm', not to 'envs'" in capsys.readouterr().err


def test_flops_grow_with_batch_and_steps() -> None:
    config = NTMConfig(1, 1, controller_size=1, memory_size=3, word_size=1)
    controller, head_parameters, output = 2, 2 * (1 + 3 + 3) + 2, 2
    two_comparisons, read, erase_and_add = 2 * 3, 3, 2 * 3
    products = controller + head_parameters + output + two_comparisons + read + erase_and_add

    assert flops_of_pass(config, 1, 1) == 6 * products
    assert flops_of_pass(config, 4, 5) == 20 * flops_of_pass(config, 1, 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_without_a_device_a_benchmark_on_one_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no CUDA device cuda to measure on"):
        ntm.measure(1, device="cuda")


CONTESTANTS = [
    "triton",
    "reference",
    "cuDNN nn.LSTM",
    "triton, CUDA graph",
    "reference, CUDA graph",
    "cuDNN nn.LSTM, CUDA graph",
]


def test_a_table_of_a_device_has_a_line_for_each_shape_and_ratios_between_graphs() -> None:
    rows = [
        {
            "steps": steps,
            "batch_size": 1_024,
            "controller": "lstm",
            "name": name,
            "milliseconds": milliseconds,
            "fraction_of_flops": 0.25,
            "fraction_of_bytes": 0.125,
            "mebibytes": 1_000 * milliseconds,
        }
        for steps in (2, 3)
        for name, milliseconds in zip(CONTESTANTS, (1, 2, 3, 4, 20, 16), strict=True)
    ]

    device, _, header, _, *lines = ntm.format_result(
        {"device": "a device", "rows": rows}
    ).splitlines()

    assert device == "a device"
    assert [line.replace("|", " ").split()[:3] for line in lines] == [
        ["2", "1,024", "lstm"],
        ["3", "1,024", "lstm"],
    ]
    names = [name.strip() for name in header.strip("| ").split("|")]
    cells = dict(zip(names, lines[0].replace("|", " ").split(), strict=True))
    assert [cells[f"{name}, ms"] for name in CONTESTANTS] == [
        *("1.00", "2.00", "3.00", "4.00", "20.00", "16.00")
    ]
    assert cells["reference / triton"] == "5.0"
    assert cells["triton / nn.LSTM"] == "0.25"
    assert cells["triton: of FLOP/s"] == "0.250"
    assert cells["MiB: triton"] == "4,000"


@pytest.mark.gpu
def test_on_a_device_every_contestant_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntm_cuda, "STEPS", (2,))
    monkeypatch.setattr(ntm_cuda, "BATCH_SIZES", (1,))

    result = ntm.measure(1, device="cuda")

    assert {row["name"] for row in result["rows"]} == set(CONTESTANTS)
    assert all(row["milliseconds"] > 0 for row in result["rows"])
    assert len(ntm.format_result(result).splitlines()) == 6
