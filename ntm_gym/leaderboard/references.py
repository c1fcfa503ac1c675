"""Floor and ceiling: what the agents whose scores are known score on every suite.

They have nothing to learn, so instead of an entry with checkpoints each suite has one file,
``reference/SUITE.json``. It names no code either: the agents are the ones of
`ntm_gym.evaluation.reference_agents`, whatever the file says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Suite, find_suite
from ntm_gym.files import write_atomically
from ntm_gym.leaderboard.attachments import MOST_JSON_BYTES, read_attachment
from ntm_gym.leaderboard.fields import convert, list_names
from ntm_gym.leaderboard.reading import find_unchanged, read_points
from ntm_gym.leaderboard.schema import ReferencesFile
from ntm_gym.untrusted import parse_untrusted_json

TRACK = "reference"


@dataclasses.dataclass(frozen=True)
class References:
    """The reference agents on a suite.

    Attributes:
        suite: What they were judged on.
        agents: Raw results by the agent's name and the suite's labels.
    """

    suite: Suite
    agents: dict[str, dict[str, PointResult]]


def play_references(
    suite: Suite,
    episodes: int | None = None,
    on_point: Callable[[str], None] = lambda label: None,
) -> dict[str, Results]:
    """Evaluate the reference agents on a suite.

    Args:
        suite: The suite.
        episodes: Episodes a point, from the first; all if None.
        on_point: Called with each point's label when the point is done.

    Returns:
        Results by the agent's name.
    """
    task = suite.trained.make_task()
    return {
        name: evaluate(make_agent(task), suite, episodes, on_point=on_point)
        for name, make_agent in REFERENCE_AGENTS.items()
    }


def write_references(board: Path, suite: Suite, results: dict[str, Results]) -> Path:
    """Write a suite's file and return where it is."""
    data = {
        "format": 1,
        "suite": suite.reference(),
        "agents": {name: found.to_json()["points"] for name, found in results.items()},
    }
    path = board / TRACK / f"{suite.name}.json"
    write_atomically(path, (json.dumps(data, allow_nan=False) + "\n").encode())
    return path


def read_references(board: Path) -> list[References]:
    """Read the references of every suite that has any, in the order of their file names.

    Raises:
        ValueError: If a file is malformed, of another suite than its name says, or claims what
            cannot be.
    """
    folder = board / TRACK
    return [_read(folder, path.name) for path in sorted(folder.glob("*.json"))]


def _read(folder: Path, name: str) -> References:
    path = folder / name
    content = read_attachment(folder, name, MOST_JSON_BYTES)
    data = convert(str(path), parse_untrusted_json(str(path), content), ReferencesFile)
    suite = find_unchanged(str(path), data.suite)
    if suite != find_suite(path.stem):
        raise ValueError(f"{path} must be of suite {path.stem!r}, not {suite.name!r}")
    if sorted(data.agents) != sorted(REFERENCE_AGENTS):
        raise ValueError(
            f"{path}: agents must be {', '.join(REFERENCE_AGENTS)}, "
            f"not {list_names(data.agents)}"
        )
    return References(
        suite,
        {
            agent: read_points(f"{path}: {agent}", suite, data.agents[agent])
            for agent in REFERENCE_AGENTS
        },
    )
