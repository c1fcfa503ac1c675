"""Put generated tables into README and docs, between their markers."""

from __future__ import annotations

from pathlib import Path

import environment_pages

from benchmarks import envs as envs_benchmark
from benchmarks import ntm as ntm_benchmark
from benchmarks import sb3 as sb3_benchmark
from ntm_agents.sb3.report import learning_table, read_runs
from ntm_gym.evaluation.reference_scores import (
    SCORES,
    measure_scores,
    scores_table,
    spaces_table,
)
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.files import read_json, write_atomically, write_json
from ntm_gym.leaderboard.board import find_entries, read_board
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.tables import METRICS, Row, format_table
from ntm_gym.markdown import format_markdown
from ntm_gym.registration import ENVIRONMENTS
from ntm_paper import reliability_tables
from ntm_paper.extrapolation_records import extrapolation_table, read_record
from ntm_paper.figures.catalogue import FIGURES
from ntm_paper.recipe_differences import differences_table
from ntm_paper.reliability import read_records
from ntm_paper.result_tables import (
    against_lstm_table,
    costs_table,
    past_table,
    results_table,
)
from ntm_paper.rows import missing_rows, paper_rows
from ntm_paper.second_machine import format_reports

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
RELIABILITY = {
    "copy/ntm-ff": ("30", "50", "80", "120"),
    "copy/ntm-lstm": ("30", "50", "80", "120"),
    "repeat_copy/ntm-ff": ("10 x 10", "20 x 10"),
    "repeat_copy/ntm-lstm": ("10 x 10", "20 x 10"),
    "associative_recall/ntm-ff": ("10", "15", "20"),
    "associative_recall/ntm-lstm": ("10", "15", "20"),
}
"""Recipes whose variants are compared, and the points that say what holds."""


def main() -> None:
    """Rewrite the generated parts."""
    suite = find_suite("copy")
    entries = [read_entry(folder) for folder in find_entries(ROOT / "leaderboard")]
    entries = [entry for entry in entries if entry.suite == suite]
    labels = [point.label for point in suite.points]
    rows = [Row.of(entry) for entry in entries]
    tables = [
        f"{title}:\n\n{format_table(rows, labels, metric)}" for metric, title in METRICS.items()
    ]
    reproduction = _reproduction()
    _fill(
        ROOT / "README.md",
        {
            "results": reproduction["results"],
            "copy": "\n\n".join(tables),
            "seeds": _seeds(entries, labels),
        },
    )
    scores = measure_scores(list(ENVIRONMENTS))
    write_json(SCORES, scores)
    environment_pages.main()
    _fill(
        ROOT / "docs/environments.md",
        {
            "spaces": spaces_table(scores),
            "scores": scores_table(scores),
            "speed": envs_benchmark.format_result(read_json(RESULTS / "bench-envs.json")),
        },
    )
    speed = ntm_benchmark.format_result(read_json(RESULTS / "bench-ntm.json"))
    _fill(ROOT / "docs/kernels.md", {"speed": speed})
    _fill(ROOT / "docs/reproduction.md", reproduction)
    _fill(
        ROOT / "docs/stable-baselines3.md",
        {
            "learning": learning_table(read_runs(RESULTS / "reward-only")),
            "speed": sb3_benchmark.format_result(read_json(RESULTS / "bench-sb3.json")),
        },
    )


def _reproduction() -> dict[str, str]:
    board = read_board(ROOT / "leaderboard")
    rows = paper_rows(entry for _, entry in board)
    trained = {folder.name: entry.suite.trained.label for folder, entry in board}
    missing = "".join(f"\n- no entry of {recipe} yet" for recipe in missing_rows(rows))
    extrapolation = [
        read_record(path) for path in sorted((RESULTS / "extrapolation").glob("*.json"))
    ]
    return {
        "results": f"{results_table(rows)}\n{missing}",
        "past": past_table(rows),
        "lstm": against_lstm_table(rows),
        "costs": costs_table(rows),
        "recipes": differences_table(),
        "extrapolation": extrapolation_table(extrapolation),
        "second machine": format_reports(RESULTS / "second-machine", trained),
        "reliability": "\n\n".join(map(_reliability, RELIABILITY)),
        "learning curves": _figures(3, 7, 10, 13, 18),
        "answers": _figures(4, 5, 8, 11),
        "memory": _figures(6, 9, 12, 14, 15, 16, 17),
    }


def _figures(*numbers: int) -> str:
    return "\n\n".join(map(_figure, numbers))


def _figure(number: int) -> str:
    name = f"assets/figures/figure-{number:02}.png"
    if not (ROOT / "docs" / name).exists():
        return f"Figure {number} is not drawn yet."
    caption = FIGURES[number].caption
    return f"![Figure {number}]({name})\n\n*Figure {number}. {caption}*"


def _reliability(recipe: str) -> str:
    path = RESULTS / f"reliability/{recipe.replace('/', '-')}.json"
    if not path.exists():
        return f"### {recipe}\n\nNot examined yet."
    records, labels = read_records(path), RELIABILITY[recipe]
    learning = reliability_tables.learning_table(records)
    generalizing = reliability_tables.generalizing_table(records, labels)
    return f"### {recipe}\n\nLearning:\n\n{learning}\n\nGeneralizing:\n\n{generalizing}"


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
