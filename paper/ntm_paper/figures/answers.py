"""Targets and the probabilities that an agent gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import SequenceAgent
from ntm_gym.tasks import Task
from ntm_paper.figures.style import OPTIMUM, show_image


class Answer(NamedTuple):
    """The scored part of one episode.

    Attributes:
        title: What the figure calls it.
        targets: Shape ``(O, steps)``.
        probabilities: That each bit is one, shape ``(O, steps)``.
    """

    title: str
    targets: NDArray[np.int8]
    probabilities: NDArray[np.float64]


def answer(agent: SequenceAgent, task: Task, keys: NDArray[np.uint64], title: str) -> Answer:
    """Play one episode.

    Args:
        agent: Who.
        task: What.
        keys: One key, shape ``(1,)``.
        title: What the figure calls it.
    """
    episodes = task.sample(keys)
    scored = episodes.target_mask[0]
    probabilities = agent.predict_sequences(episodes.inputs)[0]
    return Answer(title, episodes.targets[0][scored].T, probabilities[scored].T)


def draw_answers(axes: Sequence[Axes], answers: Sequence[Answer]) -> None:
    """Draw targets above outputs.

    Args:
        axes: Two for each answer.
        answers: From left to right and from top to bottom.
    """
    for index, (title, targets, probabilities) in enumerate(answers):
        wrong = int(((probabilities > 0.5) != targets).sum())
        show_image(axes[2 * index], targets, f"{title}: {wrong} wrong bits", "target")
        show_image(axes[2 * index + 1], probabilities, "", "output")


def draw_predictions(
    axes: Axes,
    bits: NDArray[np.int8],
    network: NDArray[np.float64],
    optimum: NDArray[np.float64],
) -> None:
    """Draw predictions of the next bit beside the optimal ones.

    Args:
        axes: Where.
        bits: What came, shape ``(T,)``.
        network: Probability of a one, shape ``(T,)``.
        optimum: The same by the optimal estimator.
    """
    steps = np.arange(len(bits))
    axes.plot(steps, bits, "|", color="#999999", markersize=5, label="bit that came")
    axes.plot(steps, optimum, color=OPTIMUM, linewidth=2.4, alpha=0.45, label="optimum")
    axes.plot(steps, network, color="#D55E00", linewidth=0.9, label="network")
    axes.set_xlabel("step")
    axes.set_ylabel("probability of a one")
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.15))
