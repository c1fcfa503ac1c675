"""What is installed: every module, and environments that need only their own packages."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCES = {"ntm_gym": ROOT, "ntm_agents": ROOT / "agents", "ntm_baselines": ROOT / "baselines"}
PAPER = {"ntm_paper": ROOT / "paper"}

WITHOUT_TORCH = """
import sys
import warnings
warnings.simplefilter("error")
import gymnasium
from gymnasium.utils.env_checker import check_env
check_env(gymnasium.make("ntm_gym:NTMCopy-v0").unwrapped)
import ntm_gym
gymnasium.make_vec("NTMCopy-v0", 3).reset(seed=0)
from ntm_gym.evaluation.reference_agents import OracleAgent
assert "torch" not in sys.modules
try:
    import torch
except ModuleNotFoundError:
    print("no torch")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the suite's wheel."""
    return build_wheel(ROOT, SOURCES, tmp_path_factory.mktemp("suite"))


def build_wheel(root: Path, sources: dict[str, Path], folder: Path) -> Path:
    """Return a wheel of a copy of the sources; no network is needed."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (root / name).exists():
            (source / name).write_bytes((root / name).read_bytes())
    for file in files_of(sources):
        copy = source / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run([*pip(), "wheel", "-q", *options, str(source)], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def files_of(sources: dict[str, Path]) -> list[Path]:
    """Return the modules and data of packages, given the folders that hold them."""
    return [
        file
        for package, parent in sources.items()
        for file in (parent / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.name != "README.md"
    ]


def packed_in(wheel: Path) -> set[str]:
    """Return the names of a wheel's modules and data."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def pip(python: str = sys.executable) -> list[str]:
    """Return the start of a command line of this environment's pip, for any environment."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]


def needed_by(requirements: list[str]) -> dict[str, Distribution]:
    """Return the distributions that requirements without any extra install, by name."""
    found: dict[str, Distribution] = {}
    waiting = list(requirements)
    while waiting:
        requirement = Requirement(waiting.pop())
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and requirement.name not in found:
            found[requirement.name] = distribution(requirement.name)
            waiting += found[requirement.name].requires or []
    return found


def link_into(site_packages: Path, installed: Distribution) -> None:
    """Link what a distribution has installed into another environment."""
    tops = {file.parts[0] for file in installed.files or [] if file.parts[0] != ".."}
    for top in tops - {"__pycache__", "bin"}:
        (site_packages / top).symlink_to(Path(str(installed.locate_file(top))))


@pytest.mark.slow
def test_every_module_and_the_pages_files_are_in_the_wheel(wheel: Path) -> None:
    sources = {
        file.relative_to(parent).as_posix()
        for package, parent in SOURCES.items()
        for file in files_of({package: parent})
    }
    assert "ntm_gym/leaderboard/page/web/vendor/uPlot.LICENSE" in sources
    assert packed_in(wheel) == sources


@pytest.mark.slow
def test_the_papers_reproduction_is_in_a_wheel_of_its_own(tmp_path: Path) -> None:
    packed = packed_in(build_wheel(ROOT / "paper", PAPER, tmp_path))

    assert packed == {file.relative_to(ROOT / "paper").as_posix() for file in files_of(PAPER)}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_wheel_needs_numpy_and_gymnasium_only(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = tmp_path / "venv" / "bin"
    python = str(scripts / "python")
    (site_packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    subprocess.run(
        [*pip(python), "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True
    )
    (metadata,) = site_packages.glob("ntm_gym-*.dist-info")
    for installed in needed_by(Distribution.at(metadata).requires or []).values():
        link_into(site_packages, installed)
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    run = subprocess.run(
        [python, "-c", WITHOUT_TORCH], check=True, capture_output=True, cwd=tmp_path, env=alone
    )
    assert run.stdout.strip() == b"no torch"
    envs = subprocess.run(
        [str(scripts / "ntm-gym"), "envs"], capture_output=True, cwd=tmp_path, env=alone
    )
    assert (envs.returncode, envs.stderr) == (0, b"")
    judged = subprocess.run(
        [str(scripts / "ntm-gym"), "evaluate", "--agent", "coin", "--episodes", "2"],
        capture_output=True,
        cwd=tmp_path,
        env=alone,
    )
    assert b"pip install '.[all]'" in judged.stderr
    assert judged.stderr.count(b"\n") == 1


def test_importing_the_environments_imports_no_torch() -> None:
    imports = "import sys, ntm_gym, ntm_gym.evaluation.reference_agents, ntm_gym.cli"
    code = f"{imports}; import ntm_gym.commands.play; print('torch' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert run.stdout.strip() == b"False"
