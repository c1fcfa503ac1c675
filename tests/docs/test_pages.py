"""What README and pages promise about themselves: sizes, paths, links, and current tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import update_tables
from environment_pages import DOCS, ROOT

PAGES = sorted(DOCS.glob("*.md"))
README = ROOT / "README.md"


def test_the_readme_is_short_and_narrow() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120
    assert [line for line in lines if len(line) > 110] == []


def test_the_readme_has_one_table_of_at_most_fifteen_results() -> None:
    text = README.read_text(encoding="utf-8")

    tables = re.findall(r"<!-- begin generated: (.*?) -->\n(.*?)\n<!--", text, re.DOTALL)

    assert [name for name, _ in tables] == ["results"]
    assert len(tables[0][1].splitlines()) <= 2 + 15


def test_every_path_of_the_architecture_page_exists() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")

    named = re.findall(r"`((?:agents|docs|ntm_gym|paper|tests)/[\w./]*)`", page)
    folders = re.findall(r"^  ntm_\w+ +([\w/]+)", page, re.MULTILINE)
    inside = re.findall(r"^ +[│ ] {16}(\w+/)|^ {23}([\w.]+/?)", page, re.MULTILINE)

    assert len(named) > 10
    assert len(folders) == 4
    assert len(inside) == 10
    assert [path for path in named + folders if not (ROOT / path).exists()] == []
    roots = (ROOT / "agents/ntm_agents", ROOT / "ntm_gym")
    for path in map("".join, inside):
        assert any((root / path).exists() for root in roots), path


def test_every_name_that_the_architecture_page_finds_in_a_file_is_defined_there() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")

    places = re.findall(r"`([\w.]+)` in `([\w/]+\.py)`", page)

    assert len(places) >= 2
    for name, path in places:
        for part in name.split("."):
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"(?:def|class) {part}\b", source), f"{name} in {path}"


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_every_local_link_and_its_heading_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    for address, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)", text):
        target = page.parent / address if address else page
        assert target.exists(), address
        if anchor:
            assert anchor in _anchors(target), f"{address}#{anchor}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f" {page.name}\n" not in navigation] == []


@pytest.mark.slow
def test_the_tables_of_the_paper_are_current() -> None:
    for page, tables in update_tables.paper_pages().items():
        text = (ROOT / page).read_text(encoding="utf-8")
        for name, table in tables.items():
            assert f"<!-- begin generated: {name} -->\n{table}\n<!-- end" in text, (page, name)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"\W+", "-", heading.lower()).strip("-") for heading in headings}
