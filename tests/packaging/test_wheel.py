"""What is installed: three packages, and environments that need no torch."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

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


@pytest.mark.slow
def test_a_wheel_holds_three_packages_and_runs_without_torch(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")

    files = zipfile.ZipFile(wheel).namelist()
    assert "ntm_gym/leaderboard/web/page.html" in files
    assert "ntm_gym/leaderboard/web/vendor/uPlot.LICENSE" in files
    names = {name.split("/")[0] for name in files}
    packages = {name for name in names if not name.endswith(".dist-info")}
    assert packages == {"ntm_gym", "ntm_agents", "ntm_baselines"}

    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*install, "-c", constraints, str(wheel)], check=True)
    run = subprocess.run(
        [str(python), "-c", WITHOUT_TORCH], check=True, capture_output=True, cwd=tmp_path
    )
    assert run.stdout.strip() == b"no torch"


def test_importing_the_environments_imports_no_torch() -> None:
    imports = "import sys, ntm_gym, ntm_gym.evaluation.reference_agents, ntm_gym.cli"
    code = f"{imports}; print('torch' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert run.stdout.strip() == b"False"
