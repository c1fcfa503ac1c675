"""Draw what a trained network does with its memory while it copies (figure 6 of the paper)."""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ntm_agents import NTM, trace
from ntm_agents.checkpoints import load_checkpoint
from ntm_gym.tasks import Copy
from ntm_gym.tasks.keyed_random import derive_keys

mpl.use("Agg")

from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
LENGTH = 20


def main() -> None:
    """Read a checkpoint and write a PNG."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=ROOT / "leaderboard/supervised/copy-ntm-ff/seed-1.safetensors",
    )
    parser.add_argument("--output", type=Path, default=ROOT / "docs/assets/memory.png")
    args = parser.parse_args()
    network, _ = load_checkpoint(args.checkpoint)
    assert isinstance(network, NTM)
    draw(network, args.output)
    print(args.output)


def draw(ntm: NTM, output: Path) -> None:
    """Draw one episode of length 20: what is seen and said above where the heads look."""
    task = Copy(min_length=LENGTH, max_length=LENGTH)
    episode = task.sample(derive_keys(2014, 1, 0, 1))
    run = trace(ntm, torch.from_numpy(episode.inputs))
    outputs = run.logits[0].sigmoid().numpy() * episode.target_mask[0][:, None]
    write, read = run.write_weightings[0, :, 0].numpy(), run.read_weightings[0, :, 0].numpy()
    used = np.flatnonzero(np.maximum(write, read).max(0) > 0.1)
    shown = _around(used, ntm.config.memory_size)

    figure, rows = plt.subplots(
        4, 1, figsize=(7, 7.4), height_ratios=[1, 1, 2.4, 2.4], layout="constrained"
    )
    _image(rows[0], episode.inputs[0].T, "input", "channel")
    _image(rows[1], outputs.T, "output", "bit")
    _image(rows[2], write.T[shown], "where it writes", "location")
    _image(rows[3], read.T[shown], "where it reads", "location")
    rows[3].set_xlabel("step")
    figure.savefig(output, dpi=110)
    plt.close(figure)


def _around(used: NDArray[np.int64], memory_size: int) -> NDArray[np.int64]:
    """Return the shortest stretch of the circle of locations that holds all used ones."""
    gaps = np.diff(np.append(used, used[0] + memory_size))
    first = int(used[(int(gaps.argmax()) + 1) % len(used)])
    length = memory_size - int(gaps.max()) + 1
    return (first - 1 + np.arange(length + 2)) % memory_size


def _image(axes: Axes, values: NDArray[np.floating], title: str, label: str) -> None:
    axes.imshow(values, aspect="auto", cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_ylabel(label)
    axes.set_yticks([])


if __name__ == "__main__":
    main()
