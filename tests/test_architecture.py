"""The architecture: arrows between modules go one way, and none hides in a string."""

from __future__ import annotations

import ast
import os
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from ntm_agents.sb3.published import TRUSTED_POLICIES

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "ntm_gym": ROOT,
    "ntm_agents": ROOT / "agents",
    "ntm_baselines": ROOT / "baselines",
    "ntm_paper": ROOT / "paper",
}
BY_NAME = {
    # Gymnasium's registry keeps names, so that a spec can be written as JSON.
    "ntm_gym.envs.sequence_env:SequenceEnv",
    "ntm_gym.envs.sequence_vector_env:SequenceVectorEnv",
    # What a published policy may name; the description of one is data.
    *TRUSTED_POLICIES,
}


grimp_finds_us = pytest.mark.skipif(
    os.fsencode(ROOT) != str(ROOT).encode("utf-8", "replace"),
    reason="grimp takes every path for UTF-8",
)


def sources() -> list[Path]:
    return [
        file
        for name, parent in PACKAGES.items()
        for file in sorted((parent / name).rglob("*.py"))
    ]


@grimp_finds_us
def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=False)
    imported = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}

    order = list(TopologicalSorter(imported).static_order())  # a CycleError names the circle

    assert len(order) == len(graph.modules)


@grimp_finds_us
def test_no_string_names_code_of_ours() -> None:
    modules = grimp.build_graph(*PACKAGES, include_external_packages=False).modules
    named = {
        (file.relative_to(ROOT).as_posix(), node.value)
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "." in node.value
        and node.value.partition(":")[0] in modules
        and node.value not in BY_NAME
    }

    assert named == set()


@pytest.mark.parametrize("name", PACKAGES)
def test_every_module_says_in_its_first_sentence_what_it_is(name: str) -> None:
    modules = (PACKAGES[name] / name).rglob("*.py")
    silent = [
        module.relative_to(ROOT).as_posix()
        for module in modules
        if ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
