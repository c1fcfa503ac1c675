"""Put generated tables into README and docs, between their markers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import environment_pages

from benchmarks import envs as envs_benchmark
from benchmarks import ntm as ntm_benchmark
from benchmarks import sb3 as sb3_benchmark
from ntm_agents.sb3.report import learning_table, read_runs
from ntm_gym.evaluation.reference_scores import (
    SCORES,
    Scores,
    measure_scores,
    scores_table,
    spaces_table,
)
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.files import read_json, write_atomically, write_json
from ntm_gym.leaderboard.board import find_entries, read_board
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.tables import Row, format_table
from ntm_gym.markdown import format_markdown
from ntm_gym.registration import ENVIRONMENTS, RECORDS
from ntm_paper import reliability_tables
from ntm_paper.collection import TASKS
from ntm_paper.extrapolation_records import extrapolation_table, read_record
from ntm_paper.figures.catalogue import FIGURES
from ntm_paper.recipe_differences import differences_table
from ntm_paper.reliability import read_records
from ntm_paper.result_tables import (
    against_lstm_table,
    compact_table,
    costs_table,
    past_table,
    results_table,
)
from ntm_paper.rows import missing_rows, paper_rows
from ntm_paper.second_machine import format_reports

_Row = TypeVar("_Row")
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
VARIANTS = {
    "copy": ("30", "50", "80", "120"),
    "repeat_copy": ("10 x 10", "20 x 10"),
    "associative_recall": ("10", "15", "20"),
}
"""Tasks whose recipes have variants, and the points that length generalization is judged by."""
COPY_TABLES = {"bits": "bits_per_sequence", "wrong bits": "bit_errors_per_sequence"}
NETWORKS = ("ntm-ff", "ntm-lstm")


def main() -> None:
    """Rewrite the generated parts."""
    scores = measure_scores(list(ENVIRONMENTS))
    write_json(SCORES, scores)
    environment_pages.main()
    for page, parts in {**paper_pages(), **_other_pages(scores)}.items():
        _fill(ROOT / page, parts)


def paper_pages() -> dict[str, dict[str, str]]:
    """Return the generated parts of README and of the reproduction, by page and marker."""
    board = read_board(ROOT / "leaderboard")
    rows = paper_rows(entry for _, entry in board)
    trained = {folder.name: entry.suite.trained.label for folder, entry in board}
    missing = "".join(f"\n- no entry of {recipe} yet" for recipe in missing_rows(rows))
    return {
        "README.md": {"results": compact_table(rows)},
        "docs/reproduction.md": {
            "results": f"{results_table(rows)}\n{missing}",
            "lstm": against_lstm_table(rows),
            "costs": costs_table(rows),
        },
        "docs/learning-curves.md": {"learning curves": _figures(3, 7, 10, 13, 18)},
        "docs/length-generalization.md": {
            "past": _by_task(rows, lambda row: row.recipe.task, past_table),
            "outputs": _figures(4, 5, 8, 11),
        },
        "docs/extrapolation.md": {
            "extrapolation": _by_task(
                sorted(
                    map(read_record, (RESULTS / "extrapolation").glob("*.json")),
                    key=lambda record: (TASKS.index(record.suite), record.name),
                ),
                lambda record: record.suite,
                extrapolation_table,
            ),
        },
        "docs/heads.md": {"memory": _figures(6, 9, 12, 14, 15, 16, 17)},
        "docs/recipes.md": {"recipes": differences_table()},
        "docs/second-machine.md": {
            "second machine": format_reports(RESULTS / "second-machine", trained)
        },
        **{
            f"docs/variants-{task.replace('_', '-')}.md": {
                network: _variants(f"{task}/{network}", labels) for network in NETWORKS
            }
            for task, labels in VARIANTS.items()
        },
    }


def _other_pages(scores: Scores) -> dict[str, dict[str, str]]:
    suite = find_suite("copy")
    entries = [read_entry(folder) for folder in find_entries(ROOT / "leaderboard")]
    entries = [entry for entry in entries if entry.suite == suite]
    labels = [point.label for point in suite.points]
    rows = [Row.of(entry) for entry in entries]
    return {
        "docs/copy-results.md": {
            **{
                name: format_table(rows, labels, metric) for name, metric in COPY_TABLES.items()
            },
            "seeds": _seeds(entries, labels),
        },
        "docs/environments.md": {
            "spaces": spaces_table(scores),
            "scores": scores_table(scores),
            "speed": envs_benchmark.format_result(read_json(RESULTS / "bench-envs.json")),
        },
        "docs/kernels.md": {
            "speed": ntm_benchmark.format_result(read_json(RESULTS / "bench-ntm.json"))
        },
        "docs/stable-baselines3.md": {
            "learning": learning_table(read_runs(RESULTS / "reward-only")),
            "speed": sb3_benchmark.format_result(read_json(RESULTS / "bench-sb3.json")),
        },
    }


def _by_task(
    rows: Sequence[_Row],
    task_of: Callable[[_Row], str],
    format_rows: Callable[[Sequence[_Row]], str],
) -> str:
    """Return a table for each task under a heading; rows of a task stand together."""
    return "\n\n".join(
        f"### {RECORDS[task].title}\n\n{format_rows(list(group))}"
        for task, group in itertools.groupby(rows, task_of)
    )


def _figures(*numbers: int) -> str:
    return "\n\n".join(map(_figure, numbers))


def _figure(number: int) -> str:
    name = f"assets/figures/figure-{number:02}.png"
    if not (ROOT / "docs" / name).exists():
        return f"Figure {number} is not drawn yet."
    caption = FIGURES[number].caption
    return f"![Figure {number}]({name})\n\n*Figure {number}. {caption}*"


def _variants(recipe: str, labels: Sequence[str]) -> str:
    path = RESULTS / f"reliability/{recipe.replace('/', '-')}.json"
    if not path.exists():
        return "Not examined yet."
    records = read_records(path)
    learning = reliability_tables.learning_table(records)
    generalizing = reliability_tables.generalizing_table(records, labels)
    return f"Learning:\n\n{learning}\n\nLength generalization:\n\n{generalizing}"


def _seeds(entries: list[Entry], labels: list[str]) -> str:
    lines = [["agent", "seed", *labels]]
    for entry in entries:
        for run in entry.runs:
            means = [run.points[label].bit_errors_per_sequence.mean() for label in labels]
            lines.append([entry.name, str(run.train_seed), *(f"{mean:.4g}" for mean in means)])
    return format_markdown(lines)


def _fill(path: Path, generated: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for name, table in generated.items():
        begin, end = f"<!-- begin generated: {name} -->", f"<!-- end generated: {name} -->"
        before, marker, rest = text.partition(begin)
        _, other_marker, after = rest.partition(end)
        if not marker or not other_marker:
            raise ValueError(f"{path} must hold {begin} and {end}")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    write_atomically(path, text.encode())


if __name__ == "__main__":
    main()
