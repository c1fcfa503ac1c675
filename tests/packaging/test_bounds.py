"""The oldest set that CI installs is the one that pyproject.toml promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from ntm_agents.kernels import dispatch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Return the table ``project`` of pyproject.toml."""
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def lower_bound(requirement: Requirement) -> Version:
    (bound,) = [each.version for each in requirement.specifier if each.operator == ">="]
    return Version(bound)


def test_the_oldest_set_holds_the_lower_bound_of_every_requirement(
    project: dict[str, Any],
) -> None:
    extras = project["optional-dependencies"]
    (everything,) = map(Requirement, extras["all"])
    lines = project["dependencies"] + [
        line for extra in sorted(everything.extras) for line in extras[extra]
    ]
    promised = {each.name: lower_bound(each) for each in map(Requirement, lines)}

    oldest = {}
    for line in (ROOT / "constraints-oldest.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            oldest[name] = Version(version)
    assert oldest.keys() >= promised.keys()
    # A bound "1.11" may be met by 1.11.1 where 1.11.0 was withdrawn.
    assert {
        name: oldest[name].release[: len(bound.release)] for name, bound in promised.items()
    } == {name: bound.release for name, bound in promised.items()}


def test_the_kernels_want_the_triton_that_the_extra_installs(project: dict[str, Any]) -> None:
    (line,) = project["optional-dependencies"]["gpu"]

    assert lower_bound(Requirement(line)).release == dispatch._OLDEST_TRITON


def test_supported_pythons_are_named_from_the_oldest_on(project: dict[str, Any]) -> None:
    prefix = "Programming Language :: Python :: 3."
    minors = [
        int(line.removeprefix(prefix))
        for line in project["classifiers"]
        if line.startswith(prefix)
    ]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert project["requires-python"] == f">=3.{minors[0]}"
