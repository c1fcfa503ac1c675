"""Put the leaderboard's tables into the README, between its markers."""

from __future__ import annotations

import re
from pathlib import Path

from ntm_gym.evaluation.suites import find_suite
from ntm_gym.files import write_atomically
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import find_entries, read_entry
from ntm_gym.leaderboard.table import METRICS, Row, format_table

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Rewrite the generated parts of the README."""
    suite = find_suite("copy")
    entries = [read_entry(folder) for folder in find_entries(ROOT / "leaderboard")]
    entries = [entry for entry in entries if entry.suite == suite]
    labels = [point.label for point in suite.points]
    rows = [
        Row(entry.name, entry.parameters, entry.sequences, [run.points for run in entry.runs])
        for entry in entries
    ]
    tables = [
        f"{title}:\n\n{format_table(rows, labels, metric)}" for metric, title in METRICS.items()
    ]
    readme = ROOT / "README.md"
    text = _replace(readme.read_text(), "copy", "\n\n".join(tables))
    text = _replace(text, "seeds", _seed_table(entries, labels))
    write_atomically(readme, text.encode())


def _seed_table(entries: list[Entry], labels: list[str]) -> str:
    head = ["agent", "seed", *labels]
    lines = [head, ["---"] * len(head)]
    for entry in entries:
        for run in entry.runs:
            means = [run.points[label].bit_errors_per_sequence.mean() for label in labels]
            lines.append([entry.name, str(run.train_seed), *(f"{mean:.4g}" for mean in means)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _replace(text: str, name: str, generated: str) -> str:
    begin, end = f"<!-- begin generated: {name} -->", f"<!-- end generated: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"README.md must hold {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n{generated}\n{end}", text)


if __name__ == "__main__":
    main()
