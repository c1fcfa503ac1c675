"""Draw how policies learned from reward alone, from the runs in results/reward-only."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from ntm_agents.sb3.report import read_runs

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write one panel for each environment, one line for each run."""
    runs = read_runs(ROOT / "results/reward-only")
    env_ids = sorted({run["env_id"] for run in runs})
    figure, panels = plt.subplots(
        1, len(env_ids), figsize=(4.2 * len(env_ids), 3), squeeze=False, layout="constrained"
    )
    colors = {"NTMPolicy": "tab:blue", "LSTMPolicy": "tab:orange"}
    for panel, env_id in zip(panels[0], env_ids, strict=True):
        for run in (run for run in runs if run["env_id"] == env_id):
            steps = [point["steps"] / 1000 for point in run["curve"]]
            right = [point["right_bits"] for point in run["curve"]]
            panel.plot(steps, right, color=colors.get(run["policy"]), label=run["policy"])
        panel.set(title=env_id, xlabel="thousand steps", ylabel="held-out bits right")
        handles, labels = panel.get_legend_handles_labels()
        named = dict(zip(labels, handles, strict=True))
        panel.legend(named.values(), named.keys())
    figure.savefig(ROOT / "docs/assets/learning.png", dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
