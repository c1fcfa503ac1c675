"""The supervised loop, the same for every network."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from ntm_agents.checkpoints import check_publishable, save_checkpoint
from ntm_agents.networks import count_parameters, reporting_failures
from ntm_agents.training.config import TrainingConfig, is_run
from ntm_agents.training.contract import check_network, initial_network
from ntm_agents.training.devices import describe_device, find_device, find_versions
from ntm_agents.training.events import EventWriter
from ntm_agents.training.gradients import check_capturable
from ntm_agents.training.layout import MODEL
from ntm_agents.training.learner import Learner
from ntm_agents.training.losses import BITS_PER_NAT, nats_per_sequence
from ntm_agents.training.random_state import seeded
from ntm_agents.training.sampling import (
    Batch,
    TrainingSequences,
    validation_batch,
    weight_noise,
)
from ntm_agents.training.sizes import VALIDATION_EPISODES
from ntm_agents.training.supervised_run import Progress, SupervisedRun, is_published


def train(
    config: TrainingConfig,
    output: Path,
    device: str = "cpu",
    command: str = "",
    show_progress: bool = True,
    cuda_graph: bool = False,
) -> Path:
    """Train a network, or go on where the last call stopped, and publish it.

    Stopped at any moment and called again, it ends with the weights of a run that was never
    stopped, bit for bit on the same machine: training sequences depend on seed and position
    alone, and everything else is in the checkpoint, the states of the random generators
    included. The caller's generators are left as they were.

    Args:
        config: The run.
        output: Its folder; see `SupervisedRun`.
        device: Where to train, as torch names it.
        command: What was typed, kept in the published description.
        show_progress: Draw a progress bar on standard error.
        cuda_graph: Launch forward and backward as one CUDA graph for each length of a batch.

    Returns:
        The published network, ``model.safetensors`` in the folder; the final weights, never
        the best of the run.

    Raises:
        ValueError: If the device is not there, the configuration does not fit, the network
            cannot be called as `check_network` says, or the folder holds something else or
            something damaged; if an entropy penalty is given and the network has no heads,
            or if a CUDA graph is asked for elsewhere than on a CUDA device.
        FloatingPointError: If the cost or what is learned stops being finite; nothing that is
            not finite is written.
        OSError: If the folder cannot be written to; what is in it stays whole.
    """
    place = find_device(device)
    if cuda_graph:
        check_capturable(place)
    model = output / MODEL
    if is_run(output, config) and is_published(model):
        return model
    task = config.make_task()
    held_out = validation_batch(task, VALIDATION_EPISODES, place)
    with seeded(config.seed, place):
        network = initial_network(config).to(place)
        check_network(network, config.network, _first_of(held_out, min(2, config.batch_size)))
        check_publishable(config.network, network)
        with SupervisedRun(output, config) as folder:
            if not is_published(folder.model):
                learner = Learner(network, config, cuda_graph)
                progress = _train(config, folder, network, learner, held_out, show_progress)
                description = _description(config, progress, network, held_out, command)
                save_checkpoint(folder.model, network, description)
            return folder.model


def _train(
    config: TrainingConfig,
    folder: SupervisedRun,
    network: nn.Module,
    learner: Learner,
    held_out: Batch,
    show_progress: bool,
) -> Progress:
    """Bring the network to the end of the run, from wherever the folder says that it is."""
    place = held_out.inputs.device
    sequences = TrainingSequences(
        config.make_task(), config.seed, config.batch_size, place, config.augmentation
    )
    progress = _go_on(folder, learner, config)
    done, solved_at = progress.sequences, progress.solved_at
    started = time.monotonic() - progress.wall_time_s
    cpu_started = time.process_time() - progress.cpu_time_s

    parameters = learner.tensors["parameters"]
    bar = tqdm(
        total=config.last_sequence(solved_at),
        initial=done,
        unit="seq",
        disable=not show_progress,
        mininterval=0.5,
    )
    summed_nats = torch.zeros((), dtype=torch.float64, device=place)
    first_of_window = done
    network.train()
    with bar, EventWriter(folder.tensorboard, purge_step=done) as writer:
        while done < config.last_sequence(solved_at):
            learning_rate = config.learning_rate_at(done, solved_at)
            entropy_penalty = config.entropy_penalty_at(solved_at)
            noise = None if solved_at is None else weight_noise(config, done, parameters)
            summed_nats += learner.update(
                sequences.batch(done), learning_rate, noise, entropy_penalty
            )
            done += config.batch_size
            bar.update(config.batch_size)
            if done % config.report_every and done != config.last_sequence(solved_at):
                continue
            updates = (done - first_of_window) // config.batch_size
            line = {
                "sequences": done,
                "train_bits_per_sequence": summed_nats.item() * BITS_PER_NAT / updates,
                "validation_bits_per_sequence": _validate(network, held_out),
                "learning_rate": learning_rate,
                "wall_time_s": time.monotonic() - started,
                "cpu_time_s": time.process_time() - cpu_started,
            }
            _check_finite(line, learner, folder, first_of_window)
            if solved_at is None and config.is_solved(done, line["train_bits_per_sequence"]):
                solved_at = done
                bar.total = config.last_sequence(solved_at)
            folder.log(line)
            times = line["wall_time_s"], line["cpu_time_s"]
            progress = Progress(done, *times, solved_at, learner.state(), line, learner.layout)
            folder.save(progress)
            writer.write(line, done)
            bar.set_postfix(bits=f"{line['validation_bits_per_sequence']:.4f}")
            summed_nats.zero_()
            first_of_window = done
    return progress


def _go_on(folder: SupervisedRun, learner: Learner, config: TrainingConfig) -> Progress:
    """Bring the learner to the folder's checkpoint, or leave it at the start without one.

    Raises:
        ValueError: If the checkpoint is damaged, foreign, or of another network.
    """
    progress = folder.restore()
    if progress is None:
        return Progress(
            0, 0.0, 0.0, 0 if config.solved_below is None else None, learner.tensors
        )
    try:
        if progress.layout not in (None, learner.layout):
            raise ValueError("its parameters have other names, shapes or another order")
        if progress.sequences > config.last_sequence(progress.solved_at):
            raise ValueError(f"{progress.sequences} sequences are more than the run has")
        learner.restore(progress.tensors, complete=progress.format > 1)
    except ValueError as error:
        raise ValueError(
            f"the checkpoint in {folder.path} does not fit the network: {error}; give another "
            f"--output, or remove the checkpoint to begin the run anew"
        ) from error
    return progress


def _check_finite(
    line: Mapping[str, float], learner: Learner, folder: SupervisedRun, last_good: int
) -> None:
    """Stop before anything that is not finite is written.

    Args:
        line: Of the log.
        learner: Its state is checked.
        folder: Of the run.
        last_good: Sequences at the last checkpoint; 0 if there is none.

    Raises:
        FloatingPointError: If anything is not finite.
    """
    names = [name for name, value in line.items() if not math.isfinite(value)]
    names += learner.not_finite()
    if not names:
        return
    kept = (
        f"the last good checkpoint, of sequence {last_good}, is in {folder.path}"
        if last_good
        else "there is no checkpoint yet"
    )
    raise FloatingPointError(
        f"training must stay finite, but at sequence {line['sequences']} "
        f"{', '.join(names)} is not; {kept}"
    )


def _first_of(batch: Batch, count: int) -> Batch:
    return Batch(*(field[:count] for field in batch))


@torch.no_grad()
def _validate(network: nn.Module, held_out: Batch) -> float:
    """Return the held-out cost of the network in evaluation mode, in bits a sequence."""
    network.eval()
    try:
        with reporting_failures(
            f"{type(network).__name__} must take inputs of shape "
            f"{tuple(held_out.inputs.shape)} in evaluation mode, but failed"
        ):
            logits = network(held_out.inputs)[0]
            return nats_per_sequence(logits, held_out).item() * BITS_PER_NAT
    finally:
        network.train()


def _description(
    config: TrainingConfig,
    final: Progress,
    network: nn.Module,
    held_out: Batch,
    command: str,
) -> dict[str, Any]:
    report = final.report or {"validation_bits_per_sequence": _validate(network, held_out)}
    return {
        "network": config.network,
        "options": config.make_network_options(),
        "parameters": count_parameters(network),
        "task": {"name": config.task, "parameters": config.make_task().parameters()},
        "train_seed": config.seed,
        "sequences": final.sequences,
        "updates": final.sequences // config.batch_size,
        "validation_bits_per_sequence": report["validation_bits_per_sequence"],
        "wall_time_s": round(final.wall_time_s, 1),
        "cpu_time_s": round(final.cpu_time_s, 1),
        "training": config.to_json(),
        "command": command,
        "machine": describe_device(next(network.parameters()).device),
        "versions": find_versions(),
    }
