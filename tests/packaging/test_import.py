import subprocess
import sys

_SECONDS = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
_AFTER_GYMNASIUM = "import gymnasium; " + _SECONDS.format("ntm_gym")
_HEAVY = ("torch", "stable_baselines3", "scipy", "matplotlib", "pygame", "numba")


def output_of(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def test_importing_the_package_costs_little_beyond_gymnasium() -> None:
    assert min(float(output_of(_AFTER_GYMNASIUM)) for _ in range(3)) < 0.3


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import gymnasium, sys; before = set(sys.modules); import ntm_gym; "
    loaded = output_of(code + "print(*(set(sys.modules) - before))").split()
    assert "ntm_gym.registration" in loaded
    assert [name for name in loaded if name.partition(".")[0] in _HEAVY] == []
