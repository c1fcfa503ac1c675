"""Where our recipes differ from the paper's Tables 1 to 3, as Markdown."""

from __future__ import annotations

from typing import Any

from ntm_agents.training.recipes import RECIPES
from ntm_gym.markdown import format_markdown
from ntm_paper.variants import differences

_SAID_NOTHING_BY = {"report_every"}


def differences_table() -> str:
    """Return for every recipe of ours what the paper has, and what we have instead.

    What is changed in all of them alike stands in the first line.
    """
    changes = {name: _changes(name) for name in RECIPES if f"paper/{name}" in RECIPES}
    [first, *_] = changes.values()
    common = [text for text in first if all(text in texts for texts in changes.values())]
    lines = [["recipe", "the paper's → ours"], ["all", ", ".join(common)]]
    for name, texts in changes.items():
        lines.append([name, ", ".join(text for text in texts if text not in common)])
    return format_markdown(lines)


def _changes(name: str) -> list[str]:
    ours, paper = RECIPES[name], RECIPES[f"paper/{name}"]
    before, after = differences(paper, ours), differences(ours, paper)
    return [
        f"{option} {_text(before[option])} → {_text(after[option])}"
        for option in after
        if option not in _SAID_NOTHING_BY
    ]


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
