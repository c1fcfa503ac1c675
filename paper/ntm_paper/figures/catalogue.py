"""Which figures there are, and from which runs and episodes each is drawn."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ntm_gym.evaluation.agent import SequenceAgent
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.suites import Point, find_suite
from ntm_gym.tasks import make_task
from ntm_gym.tasks.keyed_random import derive_keys
from ntm_paper.figures.answers import answer, draw_answers, draw_predictions
from ntm_paper.figures.curves import draw_generalization, draw_learning, draw_optimum
from ntm_paper.figures.memory_use import draw_memory_use
from ntm_paper.figures.runs import Player, Runs, trace_run
from ntm_paper.figures.style import NETWORKS, panels, show_image, styled
from ntm_paper.figures.write_locations import (
    around,
    draw_linear_fit,
    fit_write_locations,
    gain_of_a_line,
)
from ntm_paper.published_results import (
    FINAL_BITS,
    NGRAM_OPTIMUM,
    RECALL_BITS,
    RECALL_ITEMS,
)

_KEY = derive_keys(2014, 1, 0, 1)
VALIDATION_KEYS = derive_keys(0, 2, 0, 200)
"""Of the held-out episodes that ``ntm-train`` logs costs on."""
_COPY_LENGTHS = (10, 20, 30, 50, 120)
_RECALL_EPISODES = 200


@dataclasses.dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper, redrawn.

    Attributes:
        caption: What is to be seen.
        draw: Makes it of runs; raises `MissingRunError` if they are missing.
    """

    caption: str
    draw: Callable[[Runs], Figure]


def save_figure(number: int, runs: Runs, folder: Path) -> Path:
    """Draw a figure and write it as ``figure-NN.png``.

    Args:
        number: A key of `FIGURES`.
        runs: What it is drawn from.
        folder: Where; made if needed.

    Returns:
        The file.

    Raises:
        MissingRunError: If runs are missing.
    """
    with styled():
        figure = FIGURES[number].draw(runs)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"figure-{number:02}.png"
        figure.savefig(path)
    return path


def _learning(task: str, runs: Runs) -> Figure:
    found = runs.find_networks(task, NETWORKS)
    figure, [axes] = panels(1, 1, 6.4, 3.6)
    curves = {name: [run.learning_curve() for run in seeds] for name, seeds in found.items()}
    draw_learning(axes, curves, FINAL_BITS[task])
    return figure


def _learning_ngrams(runs: Runs) -> Figure:
    """Draw costs above what the optimal estimator costs on the same episodes."""
    found = runs.find_networks("ngram", NETWORKS)
    best = _oracle_bits("ngram", VALIDATION_KEYS)
    curves = {
        name: [run.learning_curve() - [0, best] for run in seeds]
        for name, seeds in found.items()
    }
    paper = {name: bits - NGRAM_OPTIMUM for name, bits in FINAL_BITS["ngram"].items()}
    figure, [axes] = panels(1, 1, 6.4, 3.6)
    draw_learning(axes, curves, paper)
    draw_optimum(axes)
    return figure


def _oracle_bits(task: str, keys: NDArray[np.uint64]) -> float:
    point = Point("held out", task, {})
    oracle = REFERENCE_AGENTS["oracle"](point.make_task())
    found = evaluate_point(oracle, point, keys)
    assert found.bits_per_sequence is not None
    return float(found.bits_per_sequence.mean())


def _copies(networks: tuple[str, ...], runs: Runs) -> Figure:
    run = runs.first("copy", networks)
    answers = [
        answer(
            run.agent(),
            make_task("copy", min_length=length, max_length=length),
            _KEY,
            f"length {length}",
        )
        for length in _COPY_LENGTHS
    ]
    figure, axes = panels(2 * len(answers), 1, 6.4, 9)
    draw_answers(axes, answers)
    return figure


def _repeats(runs: Runs) -> Figure:
    ntm = runs.first("repeat_copy")
    lstm = runs.find("repeat_copy", "lstm")[0]
    answers = [
        answer(
            run.agent(),
            make_task("repeat_copy").replace(length=length, repeats=repeats),
            _KEY,
            f"{name}, length {length}, {repeats} repeats",
        )
        for length, repeats in ((20, 10), (10, 20))
        for name, run in (("NTM", ntm), ("LSTM", lstm))
    ]
    figure, axes = panels(8, 1, 7.2, 8)
    draw_answers(axes, answers)
    return figure


def _memory(task: str, sizes: Mapping[str, int], runs: Runs) -> Figure:
    run = runs.first(task)
    episodes = make_task(task).replace(**sizes).sample(_KEY)
    figure, axes = panels(3, 2, 7.6, 6.4, height_ratios=[1, 1.4, 2.4])
    draw_memory_use(axes, episodes, trace_run(run, episodes.inputs))
    return figure


def _recall_generalization(runs: Runs) -> Figure:
    found = runs.find_networks("associative_recall", NETWORKS)
    suite = find_suite("associative_recall")
    points = [suite.find_point(str(items)) for items in RECALL_ITEMS]
    costs = {
        name: np.array(
            [
                [_mean_bits(run.agent(), suite.name, point.label) for point in points]
                for run in seeds
            ]
        )
        for name, seeds in found.items()
    }
    figure, [axes] = panels(1, 1, 6.4, 3.6)
    draw_generalization(axes, RECALL_ITEMS, costs, RECALL_BITS)
    axes.set_xlabel("items")
    return figure


def _mean_bits(agent: Player, suite_name: str, label: str) -> float:
    suite = find_suite(suite_name)
    point = suite.find_point(label)
    found = evaluate_point(agent, point, suite.keys(point, _RECALL_EPISODES))
    assert found.bits_per_sequence is not None
    return float(found.bits_per_sequence.mean())


def _predictions(runs: Runs) -> Figure:
    run = runs.first("ngram", ("ntm-lstm", "ntm-ff"))
    task = make_task("ngram")
    episodes = task.sample(_KEY)
    oracle = REFERENCE_AGENTS["oracle"](task)
    assert isinstance(oracle, SequenceAgent)
    network, optimum = (
        agent.predict_sequences(episodes.inputs)[0, :, 0] for agent in (run.agent(), oracle)
    )
    figure, [axes] = panels(1, 1, 8, 3)
    draw_predictions(axes, episodes.targets[0, :, 0], network, optimum)
    return figure


def _sort_example(runs: Runs) -> Figure:
    task = make_task("priority_sort")
    run = runs.first("priority_sort")
    episodes = task.sample(_KEY)
    scored = episodes.target_mask[0]
    figure, axes = panels(4, 1, 6, 5, height_ratios=[2, 0.8, 2, 2])
    inputs = episodes.inputs[0, ~scored][:-1]
    show_image(axes[0], inputs[:, :8].T, "vectors shown", "bit")
    show_image(axes[1], inputs[:, 8:9].T, "", "priority", (-1, 1), "RdBu_r")
    answers = [answer(run.agent(), task, _KEY, "highest priority first")]
    draw_answers(axes[2:], answers)
    return figure


def _sort_locations(runs: Runs) -> Figure:
    episodes = make_task("priority_sort").sample(_KEY)
    shown = ~episodes.target_mask[0]
    priorities = episodes.inputs[0, shown][:-1, 8]
    found = runs.find_networks("priority_sort", ("ntm-ff", "ntm-lstm"))
    traces = [trace_run(run, episodes.inputs) for seeds in found.values() for run in seeds]
    heads = [
        (head, trace)
        for trace in traces
        for head in trace["write_weightings"][0, shown][:-1].swapaxes(0, 1)
    ]
    writing, trace = max(heads, key=lambda found: gain_of_a_line(found[0], priorities))
    fit = fit_write_locations(writing, priorities)
    order = around(fit, writing.shape[1])
    figure, axes = panels(1, 3, 10, 3.4)
    draw_linear_fit(axes[0], fit, priorities)
    show_image(axes[1], writing.T[order], "where the head writes", "location")
    reading = trace["read_weightings"][0, ~shown].max(1)
    show_image(axes[2], reading.T[order], "where the heads read", "location")
    for panel in axes[1:]:
        panel.set_xlabel("step")
    return figure


_LEARNING = "Learning curve: bits per held-out sequence of {}; thin lines are seeds."
_MEMORY = "Memory use during {}: what is seen and said, added and read, and where."


def _learning_figure(task: str, words: str) -> PaperFigure:
    return PaperFigure(_LEARNING.format(words), functools.partial(_learning, task))


def _memory_figure(task: str, words: str, **sizes: int) -> PaperFigure:
    return PaperFigure(_MEMORY.format(words), functools.partial(_memory, task, sizes))


FIGURES: Mapping[int, PaperFigure] = MappingProxyType(
    {
        3: _learning_figure("copy", "copy"),
        4: PaperFigure(
            "Copies by the NTM, trained on lengths 1 to 20.",
            functools.partial(_copies, ("ntm-ff", "ntm-lstm")),
        ),
        5: PaperFigure(
            "Copies by the LSTM, trained on lengths 1 to 20.",
            functools.partial(_copies, ("lstm",)),
        ),
        6: _memory_figure("copy", "copy", length=20),
        7: _learning_figure("repeat_copy", "repeat copy"),
        8: PaperFigure(
            "Repeat copy beyond the trained range by NTM and LSTM; the last row of each "
            "image is the end marker.",
            _repeats,
        ),
        9: _memory_figure("repeat_copy", "repeat copy", length=8, repeats=5),
        10: _learning_figure("associative_recall", "associative recall"),
        11: PaperFigure(
            f"Recall of more items than the 2 to 6 trained on; {_RECALL_EPISODES} episodes a "
            "point.",
            _recall_generalization,
        ),
        12: _memory_figure("associative_recall", "associative recall", items=6),
        13: PaperFigure(
            "Learning curve: bits per held-out sequence of dynamic N-grams above what the "
            "optimal estimator costs on the same sequences; thin lines are seeds.",
            _learning_ngrams,
        ),
        14: PaperFigure("Predictions beside those of the optimal estimator.", _predictions),
        15: _memory_figure("ngram", "dynamic N-grams"),
        16: PaperFigure("Priority sort: an example, and what the NTM says.", _sort_example),
        17: PaperFigure(
            "Priority sort: the write head, of all seeds, that follows the priority most "
            "closely, against a linear fit; where it writes; where its network reads.",
            _sort_locations,
        ),
        18: _learning_figure("priority_sort", "priority sort"),
    }
)
"""Figures by their number in the paper."""
