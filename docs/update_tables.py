"""Put generated tables into README and docs, between their markers."""

from __future__ import annotations

from pathlib import Path

from ntm_agents import bench
from ntm_agents.sb3 import bench as sb3_bench
from ntm_agents.sb3.report import learning_table, read_runs
from ntm_gym.commands import bench_envs
from ntm_gym.commands.envs import scores_table, spaces_table
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.files import read_json, write_atomically
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import find_entries, read_entry
from ntm_gym.leaderboard.table import METRICS, Row, format_table
from ntm_gym.markdown import format_markdown

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs/results"


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
    _fill(ROOT / "README.md", {"copy": "\n\n".join(tables), "seeds": _seeds(entries, labels)})
    _fill(
        ROOT / "docs/environments.md",
        {
            "spaces": spaces_table(),
            "scores": scores_table(),
            "speed": bench_envs.format_result(read_json(RESULTS / "bench-envs.json")),
        },
    )
    speed = bench.format_result(read_json(RESULTS / "bench-ntm.json"))
    _fill(ROOT / "docs/kernels.md", {"speed": speed})
    _fill(
        ROOT / "docs/stable-baselines3.md",
        {
            "learning": learning_table(read_runs(RESULTS / "reward-only")),
            "speed": sb3_bench.format_result(read_json(RESULTS / "bench-sb3.json")),
        },
    )


def _seeds(entries: list[Entry], labels: list[str]) -> str:
    lines = [["agent", "seed", *labels]]
    for entry in entries:
        for run in entry.runs:
            means = [run.points[label].bit_errors_per_sequence.mean() for label in labels]
            lines.append([entry.name, str(run.train_seed), *(f"{mean:.4g}" for mean in means)])
    return format_markdown(lines)


def _fill(path: Path, generated: dict[str, str]) -> None:
    text = path.read_text()
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
