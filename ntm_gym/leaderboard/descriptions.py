"""What a checkpoint says of its training, and whether that holds together."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.entries import DESCRIBED, TRACKS
from ntm_gym.leaderboard.fields import (
    AMOUNT,
    AMOUNT_OR_NONE,
    COUNT,
    OBJECT,
    TEXT,
    TEXTS,
    check_fields,
    list_names,
)
from ntm_gym.tasks import make_task
from ntm_gym.untrusted import short_repr

COMMON = ("machine", "versions", "parameters")
"""What an entry says of all its runs, taken from the first one's description."""

_FIELDS = {
    "task": OBJECT,
    "train_seed": COUNT,
    "sequences": COUNT,
    "updates": COUNT,
    "wall_time_s": AMOUNT,
    "command": TEXT,
    "machine": TEXT,
    "versions": TEXTS,
    "parameters": COUNT,
}
_OPTIONAL = {
    "cpu_time_s": AMOUNT_OR_NONE,
    "network": TEXT,
    "options": OBJECT,
    "training": OBJECT,
    "track": TEXT,
    "steps": COUNT,
}
_SUPERVISED, _REWARD_ONLY = TRACKS
_OF_REWARD = frozenset({"env_id", "total_steps", "ppo"})


def check_description(where: str, description: Mapping[str, Any], suite: Suite) -> str:
    """Check that a description is complete, fits a suite and does not contradict itself.

    Args:
        where: Which description, for error messages.
        description: What the checkpoint says of itself.
        suite: What the checkpoint is judged on.

    Returns:
        The track that the training belongs to.

    Raises:
        ValueError: If a field is missing or malformed, or two statements differ.
    """
    present = {name: kind for name, kind in _OPTIONAL.items() if name in description}
    check_fields(where, dict(description), {**_FIELDS, **present}, only=False)
    _check_task(where, description, suite)
    _check_training(where, description)
    return _find_track(where, description)


def check_claims(
    where: str, run: Mapping[str, Any], path: object, description: Mapping[str, Any]
) -> None:
    """Check that a run claims of its training what its description says.

    Args:
        where: Which run, for error messages.
        run: Fields of the run, and those of the entry that are in `COMMON`.
        path: Of the description.
        description: What the checkpoint says of itself.

    Raises:
        ValueError: If a claim differs.
    """
    for name in (*DESCRIBED, *COMMON):
        described = description.get(name)
        if name in run and described != run[name]:
            raise ValueError(
                f"{where}: {name} must be as in {path}, {short_repr(described)}, "
                f"not {short_repr(run[name])}"
            )


def check_alike(paths: Sequence[object], descriptions: Sequence[Mapping[str, Any]]) -> None:
    """Check that runs differ in nothing but their seed, as far as they say.

    Args:
        paths: Of the descriptions or checkpoints, for error messages.
        descriptions: One for each run.

    Raises:
        ValueError: If two were trained in different ways, or are of different networks.
    """
    recipes = [_recipe(description) for description in descriptions]
    for path, recipe in zip(paths, recipes, strict=True):
        names = sorted(recipe.keys() | recipes[0].keys())
        differing = [name for name in names if recipe.get(name) != recipes[0].get(name)]
        if differing:
            raise ValueError(
                f"{path} must be trained like {paths[0]} to share an entry; "
                f"{list_names(differing)} differ"
            )


def _recipe(description: Mapping[str, Any]) -> dict[str, Any]:
    recipe = {name: description.get(name) for name in ("network", "options")}
    training = {n: v for n, v in description.get("training", {}).items() if n != "seed"}
    return recipe | training


def _check_task(where: str, description: Mapping[str, Any], suite: Suite) -> None:
    point = suite.trained
    wanted = point.make_task()
    source = f"suite {suite.name!r}"
    _compare(where, "task", description["task"].get("name"), source, point.task)
    given = description["task"].get("parameters", {})
    if not isinstance(given, dict):
        raise ValueError(f"{where}: task parameters must be an object, not {short_repr(given)}")
    for name, value in wanted.parameters().items():
        if name in given:
            _compare(where, f"task {name}", given[name], source, value)
    unknown = given.keys() - wanted.parameters().keys()
    if unknown:
        raise ValueError(f"{where}: the task has no parameters {list_names(sorted(unknown))}")
    options = description.get("options", {})
    for name in ("input_size", "output_size"):
        if name in options:
            size = getattr(wanted, name)
            _compare(where, f"options {name}", options[name], source, size)


def _check_training(where: str, description: Mapping[str, Any]) -> None:
    """Compare a description with the configuration of its training, where it holds one."""
    training = description.get("training", {})
    sizes = ("input_size", "output_size")
    described = {
        "seed": description["train_seed"],
        "task": description["task"]["name"],
        "network": description.get("network"),
        "network_options": {
            name: value
            for name, value in description.get("options", {}).items()
            if name not in sizes
        },
    }
    for name, value in described.items():
        given = training.get(name)
        if name == "network_options" and isinstance(given, dict):
            given = {option: given[option] for option in given if option not in sizes}
        if name in training:
            _compare(where, f"training {name}", given, "the description", value)
    if not {"sequences", "batch_size"} <= training.keys() or _OF_REWARD & training.keys():
        return
    _check_task_parameters(where, description, training)
    counts = {"sequences": COUNT, "batch_size": COUNT, "patience": COUNT, "report_every": COUNT}
    kinds = {name: kind for name, kind in counts.items() if name in training}
    check_fields(f"{where}: training", training, kinds, only=False)
    found, least = description["sequences"], training["sequences"]
    waits = training.get("solved_below") is not None
    most = least
    if waits:
        most += training.get("patience", 0) + training.get("report_every", 0)
    if not least <= found <= most:
        raise ValueError(
            f"{where}: sequences must be {least} to {most} by its training, not {found}"
        )
    if found != description["updates"] * training["batch_size"]:
        raise ValueError(
            f"{where}: {description['updates']} updates of {training['batch_size']} sequences "
            f"cannot be {found} sequences"
        )


def _check_task_parameters(
    where: str, description: Mapping[str, Any], training: Mapping[str, Any]
) -> None:
    given = description["task"].get("parameters", {})
    parameters = training.get("task_parameters", {})
    check_fields(
        f"{where}: training", {"task_parameters": parameters}, {"task_parameters": OBJECT}
    )
    try:
        trained = make_task(description["task"]["name"], **parameters).parameters()
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{where}: training: {error}") from error
    for name in sorted(given.keys() & trained.keys()):
        _compare(where, f"training task {name}", trained[name], "the description", given[name])


def _compare(where: str, name: str, given: Any, source: str, wanted: Any) -> None:
    if type(given) is not type(wanted) or given != wanted:
        raise ValueError(
            f"{where}: {name} must be as in {source}, {short_repr(wanted)}, "
            f"not {short_repr(given)}"
        )


def _find_track(where: str, description: Mapping[str, Any]) -> str:
    """Return the track by all that tells it: the field, the configuration, the command.

    Whoever learns from reward alone says so; what says nothing was supervised.
    """
    found: dict[str, str] = {}
    if "track" in description:
        found["track"] = description["track"].replace(" ", "-")
        if found["track"] not in TRACKS:
            raise ValueError(
                f"{where}: track must be one of {', '.join(TRACKS)}, "
                f"not {short_repr(description['track'])}"
            )
    training = description.get("training")
    if training:
        by_reward = _OF_REWARD & training.keys() or training.get("algorithm") == "ppo"
        found["training"] = _REWARD_ONLY if by_reward else _SUPERVISED
    command = _read_command(description["command"])
    if command is not None:
        by_reward = "ppo" in command or "--env" in command or _asks_for_ppo(command)
        found["command"] = _REWARD_ONLY if by_reward else _SUPERVISED
        seed = command.get("--seed", str(description["train_seed"]))
        if seed != str(description["train_seed"]):
            raise ValueError(
                f"{where}: train_seed must be as in its command, {short_repr(seed)}, "
                f"not {description['train_seed']}"
            )
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} says {track}" for name, track in found.items())
        raise ValueError(f"{where} must tell of one track: {told}")
    track = next(iter(found.values()), _SUPERVISED)
    steps = description.get("steps")
    if track == _REWARD_ONLY and (steps is None or steps < description["sequences"]):
        raise ValueError(
            f"{where}: reward-only training takes at least one of its steps for each of "
            f"{description['sequences']} sequences, not {steps}"
        )
    return track


def _asks_for_ppo(command: Mapping[str, str]) -> bool:
    return any("--algorithm".startswith(n) and v == "ppo" for n, v in command.items() if n)


def _read_command(text: str) -> dict[str, str] | None:
    """Return the options of an ``ntm-train`` command, verbs with an empty value, else None."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words or PurePath(words[0]).name != "ntm-train":
        return None
    options: dict[str, str] = {}
    for place, word in enumerate(words[1:], start=1):
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            following = words[place + 1] if place + 1 < len(words) else ""
            options[name] = value if equals else following
        elif place == 1:
            options[word] = ""
    return options
