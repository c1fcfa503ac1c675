"""What a checkpoint says of its training, and whether that holds together."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard import TRACKS
from ntm_gym.leaderboard.fields import convert, list_names
from ntm_gym.leaderboard.schema import Description, SupervisedTraining, TrainedTask
from ntm_gym.tasks import make_task
from ntm_gym.untrusted import short_repr

_SUPERVISED, _REWARD_ONLY = TRACKS
_SIZES = frozenset({"input_size", "output_size"})
_OF_REWARD = frozenset({"env_id", "total_steps", "ppo"})


def read_description(where: str, data: Mapping[str, Any], suite: Suite) -> Description:
    """Return a description, if it is complete, fits a suite and does not contradict itself.

    Args:
        where: Which description, for error messages.
        data: What the checkpoint says of itself.
        suite: What the checkpoint is judged on.

    Returns:
        The description; its ``track`` is the one that all of it tells of.

    Raises:
        ValueError: If a field is missing or malformed, or two statements differ.
    """
    description = convert(where, data, Description)
    _check_task(where, description, suite)
    _check_training(where, description)
    track = _find_track(where, description)
    return msgspec.structs.replace(description, track=track)


def check_claims(
    where: str, claims: Mapping[str, Any], path: object, description: Description
) -> None:
    """Check that an entry claims of a run and its training what the description says.

    Args:
        where: Which run, for error messages.
        claims: By name; fields of `Description`.
        path: Of the description.
        description: What the checkpoint says of itself.

    Raises:
        ValueError: If a claim differs.
    """
    for name, claim in claims.items():
        described = getattr(description, name)
        if described != claim:
            raise ValueError(
                f"{where}: {name} must be as in {path}, {short_repr(described)}, "
                f"not {short_repr(claim)}"
            )


def check_alike(paths: Sequence[object], descriptions: Sequence[Description]) -> None:
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


def _recipe(description: Description) -> dict[str, Any]:
    training = {n: v for n, v in description.training.items() if n != "seed"}
    return {"network": description.network, "options": description.options} | training


def _check_task(where: str, description: Description, suite: Suite) -> None:
    point = suite.trained
    wanted = point.make_task()
    source = f"suite {suite.name!r}"
    _compare(where, "task", description.task.name, source, point.task)
    given = description.task.parameters
    for name, value in wanted.parameters().items():
        if name in given:
            _compare(where, f"task {name}", given[name], source, value)
    unknown = given.keys() - wanted.parameters().keys()
    if unknown:
        raise ValueError(f"{where}: the task has no parameters {list_names(sorted(unknown))}")
    for name in _SIZES & description.options.keys():
        size = getattr(wanted, name)
        _compare(where, f"options {name}", description.options[name], source, size)


def _check_training(where: str, description: Description) -> None:
    """Compare a description with the configuration of its training, where it holds one."""
    training = description.training
    described = {
        "seed": description.train_seed,
        "task": description.task.name,
        "network": description.network,
        "network_options": _without_sizes(description.options),
    }
    for name in described.keys() & training.keys():
        given = training[name]
        if name == "network_options" and isinstance(given, dict):
            given = _without_sizes(given)
        _compare(where, f"training {name}", given, "the description", described[name])
    if not {"sequences", "batch_size"} <= training.keys() or _OF_REWARD & training.keys():
        return
    config = convert(f"{where}: training", training, SupervisedTraining)
    _check_task_parameters(where, description.task, config.task_parameters)
    found, least = description.sequences, config.sequences
    waits = config.solved_below is not None
    most = least + (config.patience + config.report_every if waits else 0)
    if not least <= found <= most:
        raise ValueError(
            f"{where}: sequences must be {least} to {most} by its training, not {found}"
        )
    if found != description.updates * config.batch_size:
        raise ValueError(
            f"{where}: {description.updates} updates of {config.batch_size} sequences "
            f"cannot be {found} sequences"
        )


def _without_sizes(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _SIZES}


def _check_task_parameters(
    where: str, task: TrainedTask, parameters: Mapping[str, Any]
) -> None:
    try:
        trained = make_task(task.name, **parameters).parameters()
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{where}: training: {error}") from error
    for name in sorted(task.parameters.keys() & trained.keys()):
        given = task.parameters[name]
        _compare(where, f"training task {name}", trained[name], "the description", given)


def _compare(where: str, name: str, given: Any, source: str, wanted: Any) -> None:
    if type(given) is not type(wanted) or given != wanted:
        raise ValueError(
            f"{where}: {name} must be as in {source}, {short_repr(wanted)}, "
            f"not {short_repr(given)}"
        )


def _find_track(where: str, description: Description) -> str:
    """Return the track by all that tells it: the field, the configuration, the command.

    Whoever learns from reward alone says so; what says nothing was supervised.
    """
    found: dict[str, str] = {}
    if description.track is not None:
        found["track"] = description.track.replace(" ", "-")
        if found["track"] not in TRACKS:
            raise ValueError(
                f"{where}: track must be one of {', '.join(TRACKS)}, "
                f"not {short_repr(description.track)}"
            )
    training = description.training
    if training:
        by_reward = _OF_REWARD & training.keys() or training.get("algorithm") == "ppo"
        found["training"] = _REWARD_ONLY if by_reward else _SUPERVISED
    command = _read_command(description.command)
    if command is not None:
        by_reward = "ppo" in command or "--env" in command or _asks_for_ppo(command)
        found["command"] = _REWARD_ONLY if by_reward else _SUPERVISED
        seed = command.get("--seed", str(description.train_seed))
        if seed != str(description.train_seed):
            raise ValueError(
                f"{where}: train_seed must be as in its command, {short_repr(seed)}, "
                f"not {description.train_seed}"
            )
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} says {track}" for name, track in found.items())
        raise ValueError(f"{where} must tell of one track: {told}")
    track = next(iter(found.values()), _SUPERVISED)
    steps = description.steps
    if track == _REWARD_ONLY and (steps is None or steps < description.sequences):
        raise ValueError(
            f"{where}: reward-only training takes at least one of its steps for each of "
            f"{description.sequences} sequences, not {steps}"
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
