"""The command ntm-gym as a newcomer types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntm_gym.cli import main
from ntm_gym.registration import ENVIRONMENTS


def test_envs_lists_every_registered_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["envs"]) == 0

    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split()[1] for row in rows] == list(ENVIRONMENTS)


def test_evaluate_writes_raw_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "coin.json"

    assert (
        main(["evaluate", "--agent", "coin", "--episodes", "5", "--output", str(output)]) == 0
    )

    assert "coin" in capsys.readouterr().out
    costs = json.loads(output.read_text(encoding="utf-8"))["points"]["20"]["bits_per_sequence"]
    assert costs == [160.0] * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("evaluate --agent nobody", "the agent must be one of oracle, "),
        ("evaluate --agent nobody.safetensors", "must have its description beside it"),
        ("evaluate --agent json:nothing", "module 'json' has no 'nothing'"),
        ("evaluate --agent nowhere:agent", "there is no module 'nowhere'"),
        ("evaluate --agent builtins:repr", "must make an agent with predict"),
        ("evaluate --agent coin --suite paste", "the suite must be one of"),
        ("evaluate --agent coin --memory-size 9", "must have a memory that can grow"),
        ("evaluate --agent coin --episodes 0", "1 to 1000 episodes a point, not 0"),
        ("leaderboard show --board nowhere", "there are no entries"),
        ("leaderboard verify nowhere", "must hold entry.json"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_two(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("evaluate", "the following arguments are required: --agent"),
        ("evaluate --agent coin --episodes many", "invalid int value: 'many'"),
        ("leaderboard submit x.safetensors", "required: --name, --folder, --authors"),
        ("sing", "invalid choice: 'sing'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_two(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_network_is_evaluated_over_a_memory_of_another_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = Path("leaderboard/supervised/copy-ntm-ff/seed-1.safetensors")
    found = []
    for size in ("128", "8"):
        output = tmp_path / f"{size}.json"
        options = ["--episodes", "3", "--memory-size", size, "--output", str(output)]
        assert main(["evaluate", "--agent", str(agent), *options]) == 0
        points = json.loads(output.read_text(encoding="utf-8"))["points"]
        found.append(sum(points["20"]["bit_errors_per_sequence"]))

    assert found[0] == 0 < found[1]
