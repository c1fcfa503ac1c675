"""Write a page for each task, in the headings of Gymnasium's documentation, from docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import gymnasium
import numpy as np
from matplotlib import image
from numpy.typing import NDArray

from ntm_gym.envs.making import make_env
from ntm_gym.envs.rendering import EpisodePicture
from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.evaluation.reference_scores import SCORES, Scores, scores_table
from ntm_gym.files import read_json, write_atomically
from ntm_gym.registration import ENVIRONMENTS, RECORDS
from ntm_gym.tasks import TASKS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES, PICTURES = DOCS / "environments", DOCS / "assets/environments"
SEED = 1
_HEADINGS = (
    "Description",
    "Action Space",
    "Observation Space",
    "Starting State",
    "Rewards",
    "Episode Termination",
    "Information",
)


def main() -> None:
    """Write all pages and their pictures."""
    scores = read_json(SCORES)
    for task in RECORDS:
        write_atomically(PAGES / f"{task}.md", make_page(task, scores).encode())
        PICTURES.mkdir(parents=True, exist_ok=True)
        image.imsave(PICTURES / f"{task}.png", draw_episode(task))


def make_page(task: str, scores: Scores) -> str:
    """Return the page of a task, for all of its ids, as Markdown."""
    ids = _ids(task)
    env = make_env(ids[0])
    own = split_docstring(TASKS[task])
    general = split_docstring(SequenceEnv)
    sections = [
        f"# {RECORDS[task].title}",
        "<!-- made by docs/_scripts/environment_pages.py from docstrings: change those -->",
        own["summary"],
        f"![One episode, with the best actions](../assets/environments/{task}.png)",
        "*One episode, a column for each step: inputs, targets and actions, one row for each "
        "channel. White is 1, black 0; dark blue: a step that is not scored.*",
        _facts(ids),
    ]
    for heading in _HEADINGS:
        texts = [text[heading] for text in (own, general) if heading in text]
        sections.append("\n\n".join([f"## {heading}", *texts]))
    sections += [
        f"## Arguments\n\n{_arguments(task)}",
        "Besides, `reward`, `action` and `render_mode`, of "
        "[all environments](../reference-environments.md).",
        f"## Scores\n\n{_scores(ids, scores)}",
        "Mean return with reward `bits`, and mean cost in bits, over 1,000 held-out episodes "
        "(`ntm-gym envs --scores`).",
        f"## Example\n\n{_example(ids[0], env)}",
        f"## Version History\n\n{own['Version History']}",
    ]
    return "\n\n".join(sections) + "\n"


def split_docstring(documented: type) -> dict[str, str]:
    """Return the parts of a docstring by their headings; the first one is ``summary``.

    Diagrams become fenced blocks, and what Google's sections say (``Args:`` and so on) is left
    out.
    """
    text = inspect.cleandoc(documented.__doc__ or "")
    text = re.split(r"\n\n(?:Args|Attributes|Raises|Example):\n", text)[0]
    text = re.sub(
        r"::\n\n((?:    .*\n|\n)+)",
        lambda diagram: f"```text\n{inspect.cleandoc(diagram[1])}\n```\n\n",
        text + "\n",
    )
    summary, *parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    return {"summary": summary.split("\n\n")[0].strip()} | {
        heading: section.strip() for heading, section in sections.items()
    }


def draw_episode(task: str) -> NDArray[np.uint8]:
    """Return a picture of one standard episode of a task, with the best actions."""
    env = make_env(_ids(task)[0])
    _, info = env.reset(seed=SEED)
    pictured = env.task.replace(**RECORDS[task].pictured)
    episodes = pictured.sample(np.array([info["key"]], np.uint64))
    inputs, targets, target_mask = (part[0] for part in episodes[:3])
    picture = EpisodePicture(
        inputs, targets, target_mask, env.task.input_bounds, pictured.max_steps
    )
    for target in targets:
        picture.record(target)
    return picture.image()


def _ids(task: str) -> list[str]:
    return [env_id for env_id, given in ENVIRONMENTS.items() if given["task"] == task]


def _facts(ids: list[str]) -> str:
    lines = [
        "| id | action space | observation space | steps at most | solved from a return of |",
        "|---|---|---|---|---|",
    ]
    for env_id in ids:
        env = make_env(env_id)
        lines.append(
            f"| `{env_id}` | `{env.action_space}` | `{env.observation_space}` "
            f"| {env.task.max_steps} | {gymnasium.spec(env_id).reward_threshold:g} |"
        )
    return "\n".join(lines)


def _arguments(task: str) -> str:
    ids = _ids(task)
    described = dict(
        re.findall(
            r"^    (\w+): ((?:.|\n     )+)",
            inspect.cleandoc(TASKS[task].__doc__ or "").split("Attributes:\n")[1],
            flags=re.MULTILINE,
        )
    )
    lines = [f"| parameter | {' | '.join(f'`{env_id}`' for env_id in ids)} | |"]
    lines.append("|---" * (len(ids) + 2) + "|")
    tasks = [make_env(env_id).task for env_id in ids]
    for field in dataclasses.fields(TASKS[task]):
        values = " | ".join(str(getattr(task, field.name)) for task in tasks)
        lines.append(f"| `{field.name}` | {values} | {described[field.name]} |")
    return "\n".join(lines)


def _scores(ids: list[str], scores: Scores) -> str:
    return scores_table({env_id: scores[env_id] for env_id in ids})


def _example(env_id: str, env: SequenceEnv) -> str:
    observation, info = env.reset(seed=SEED)
    shown = ", ".join(f"{number:.4g}" for number in observation)
    return f"""```python
import gymnasium
import ntm_gym

env = gymnasium.make("{env_id}")
observation, info = env.reset(seed={SEED})  # [{shown}]
action = env.action_space.sample()
observation, reward, terminated, truncated, info = env.step(action)
env.reset(options={{"key": {info["key"]}}})  # the same episode again

many = gymnasium.make_vec("{env_id}", num_envs=1024)
```"""


if __name__ == "__main__":
    main()
