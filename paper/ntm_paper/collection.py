"""From runs to entries: all seeds of a recipe become one entry, made anew when more come."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType

from ntm_gym.evaluation.suites import find_suite
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.submission import submit

AGENTS: Mapping[str, str] = MappingProxyType(
    {
        "ntm-ff": "NTM, feed-forward",
        "ntm-lstm": "NTM, LSTM controller",
        "lstm": "LSTM",
    }
)
"""Names of the agents by the last word of a recipe."""
TASKS = ("copy", "repeat_copy", "associative_recall", "ngram", "priority_sort")
"""In the paper's order; each has the suite of its name."""
_FOLDER_NAMES = {
    "repeat_copy": "repeat-copy",
    "associative_recall": "recall",
    "priority_sort": "sort",
}
"""First words of the shipped entries' folders, where they are not the task's name."""
HALVED = frozenset({"lstm"})
"""Networks whose weights are kept in half precision."""
TRACK = "supervised"


@dataclasses.dataclass(frozen=True)
class RecipeRow:
    """An entry to be.

    Attributes:
        task: Name of the task and its suite.
        network: Last word of the recipe.
    """

    task: str
    network: str

    @property
    def recipe(self) -> str:
        """Name of the recipe, and its folder among the runs."""
        return f"{self.task}/{self.network}"

    def folder(self, board: Path) -> Path:
        """Return where the entry lies on a board."""
        return board / TRACK / f"{_FOLDER_NAMES.get(self.task, self.task)}-{self.network}"

    def checkpoints(self, runs: Path) -> list[Path]:
        """Return the finished runs' networks in the order of their seeds."""
        found = (runs / self.recipe).glob("seed-*/model.safetensors")
        return sorted(found, key=lambda path: int(path.parent.name.removeprefix("seed-")))


RECIPE_ROWS = tuple(RecipeRow(task, network) for task in TASKS for network in AGENTS)


def collect(
    runs: Path,
    board: Path,
    about: Mapping[str, str],
    only: str = "*",
    on_point: Callable[[str], None] = lambda label: None,
) -> Iterator[tuple[Path, Entry | None]]:
    """Make the entries of all recipes that have finished runs.

    An entry that is there is made anew if it has other runs; weights that it has already are
    not evaluated again.

    Args:
        runs: Holds ``TASK/NETWORK/seed-N``.
        board: Where the entries go.
        about: The fields ``authors``, ``link``, ``licence`` and ``commit``.
        only: Recipes, as a pattern of a shell.
        on_point: Called with recipe and point when a point is done.

    Yields:
        Folders and entries; None where an entry has these runs already.

    Raises:
        ValueError: If a run cannot be entered, or an entry has more runs than there are now.
    """
    for row in RECIPE_ROWS:
        checkpoints = row.checkpoints(runs) if fnmatch(row.recipe, only) else []
        if checkpoints:
            yield row.folder(board), _collect_row(row, checkpoints, board, about, on_point)


def _collect_row(
    row: RecipeRow,
    checkpoints: list[Path],
    board: Path,
    about: Mapping[str, str],
    on_point: Callable[[str], None],
) -> Entry | None:
    target = row.folder(board)
    old = read_entry(target) if target.exists() else None
    if old is not None and len(checkpoints) < len(old.runs):
        raise ValueError(
            f"{target} has {len(old.runs)} runs and is not replaced by {len(checkpoints)}; "
            f"choose another board or remove it"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".collect-", dir=board) as partial:
        made = Path(partial) / TRACK / target.name
        entry = submit(
            made,
            checkpoints,
            find_suite(row.task),
            {**about, "name": AGENTS[row.network]},
            on_point=lambda label: on_point(f"{row.recipe}, {label}"),
            half=row.network in HALVED,
            known=old.runs if old else (),
            board=board,
        )
        if old is not None:
            if [run.sha256 for run in entry.runs] == [run.sha256 for run in old.runs]:
                return None
            shutil.rmtree(target)
        made.rename(target)
    return entry
