"""MkDocs hook: the page of every task of the suite stands in the navigation."""

from __future__ import annotations

from typing import Any

from ntm_gym.registration import SUITE


def on_config(config: dict[str, Any]) -> dict[str, Any]:
    """Add the environments' pages behind their overview."""
    [section] = [entry["Environments"] for entry in config["nav"] if "Environments" in entry]
    section += [{record.title: f"environments/{record.name}.md"} for record in SUITE]
    return config
