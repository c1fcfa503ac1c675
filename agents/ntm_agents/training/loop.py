"""The supervised loop, the same for every network."""

from __future__ import annotations

import importlib.metadata
import math
import platform
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import count_parameters
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.gradients import check_capturable
from ntm_agents.training.initial_network import initial_network
from ntm_agents.training.learner import Learner
from ntm_agents.training.losses import BITS_PER_NAT, nats_per_sequence
from ntm_agents.training.noise import weight_noise
from ntm_agents.training.run_folder import Progress, RunFolder
from ntm_agents.training.sampling import Batch, TrainingSequences, validation_batch

_VALIDATION_EPISODES = 200
_PACKAGES = ("ntm-gym", "torch", "numpy", "gymnasium")


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
    alone, and everything else is in the checkpoint.

    Args:
        config: The run.
        output: Its folder; see `RunFolder`.
        device: Where to train, as torch names it.
        command: What was typed, kept in the published description.
        show_progress: Draw a progress bar on standard error.
        cuda_graph: Launch forward and backward as one CUDA graph for each length of a batch.

    Returns:
        The published network, ``model.safetensors`` in the folder; the final weights, never
        the best of the run.

    Raises:
        ValueError: If the folder or the configuration does not fit, if heads are to be charged
            for blur and the network has none, or if a CUDA graph is asked for elsewhere than
            on a CUDA device.
        FloatingPointError: If the loss stops being finite.
    """
    place = torch.device(device)
    if cuda_graph:
        check_capturable(place)
    network = initial_network(config).to(place)
    with RunFolder(output, config) as folder:
        if not folder.model.exists():
            _train(config, folder, network, place, command, show_progress, cuda_graph)
        return folder.model


def _train(
    config: TrainingConfig,
    folder: RunFolder,
    network: nn.Module,
    place: torch.device,
    command: str,
    show_progress: bool,
    cuda_graph: bool,
) -> None:
    task = config.make_task()
    sequences = TrainingSequences(
        task, config.seed, config.batch_size, place, config.coincidences
    )
    learner = Learner(network, config, cuda_graph)
    solved_at = 0 if config.solved_below is None else None
    progress = folder.restore() or Progress(0, 0.0, 0.0, solved_at, learner.tensors)
    done, solved_at = progress.sequences, progress.solved_at
    learner.restore(progress.tensors)
    started = time.monotonic() - progress.wall_time_s
    cpu_started = time.process_time() - progress.cpu_time_s

    parameters = learner.tensors["parameters"]
    held_out = validation_batch(task, _VALIDATION_EPISODES, place)
    bar = tqdm(
        total=config.last_sequence(solved_at),
        initial=done,
        unit="seq",
        disable=not show_progress,
        mininterval=0.5,
    )
    summed_nats = torch.zeros((), dtype=torch.float64, device=place)
    first_of_window = done
    with bar, SummaryWriter(str(folder.tensorboard), purge_step=done) as writer:
        while done < config.last_sequence(solved_at):
            learning_rate = config.learning_rate_at(done, solved_at)
            blur_penalty = config.blur_penalty_at(solved_at)
            noise = None if solved_at is None else weight_noise(config, done, parameters)
            summed_nats += learner.update(
                sequences.batch(done), learning_rate, noise, blur_penalty
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
            if not math.isfinite(line["train_bits_per_sequence"]):
                raise FloatingPointError(
                    f"the loss must stay finite, but did not before sequence {done}; "
                    f"the last good checkpoint is in {folder.path}"
                )
            if solved_at is None and config.is_solved(done, line["train_bits_per_sequence"]):
                solved_at = done
                bar.total = config.last_sequence(solved_at)
            folder.log(line)
            times = line["wall_time_s"], line["cpu_time_s"]
            folder.save(Progress(done, *times, solved_at, learner.tensors))
            for name, value in line.items():
                writer.add_scalar(name, value, done)
            bar.set_postfix(bits=f"{line['validation_bits_per_sequence']:.4f}")
            summed_nats.zero_()
            first_of_window = done
    save_checkpoint(folder.model, network, _description(config, folder, network, command))


@torch.no_grad()
def _validate(network: nn.Module, held_out: Batch) -> float:
    return nats_per_sequence(network(held_out.inputs)[0], held_out).item() * BITS_PER_NAT


def _description(
    config: TrainingConfig, folder: RunFolder, network: nn.Module, command: str
) -> dict[str, Any]:
    final = folder.read_log()[-1]
    return {
        "network": config.network,
        "options": config.make_network_options(),
        "parameters": count_parameters(network),
        "task": {"name": config.task, "parameters": config.make_task().parameters()},
        "train_seed": config.seed,
        "sequences": final["sequences"],
        "updates": final["sequences"] // config.batch_size,
        "validation_bits_per_sequence": final["validation_bits_per_sequence"],
        "wall_time_s": round(final["wall_time_s"], 1),
        "cpu_time_s": round(final["cpu_time_s"], 1),
        "training": config.to_json(),
        "command": command,
        "machine": _machine(next(network.parameters()).device),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES}
        | {"python": platform.python_version()},
    }


def _machine(place: torch.device) -> str:
    if place.type == "cuda":
        return torch.cuda.get_device_name(place)
    return f"{platform.machine()}, {torch.get_num_threads()} thread(s)"
