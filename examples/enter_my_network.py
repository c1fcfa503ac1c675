"""A stranger's network on a leaderboard: ``python enter_my_network.py``, in any folder."""

import sys

import torch
from torch import nn

from ntm_agents.training.cli import main as ntm_train
from ntm_gym.cli import main as ntm_gym

NAME = "enter_my_network:MyNetwork"


class MyNetwork(nn.Module):
    """Anything that is called ``logits, state = network(inputs, state=None)``."""

    def __init__(self, input_size, output_size):
        super().__init__()
        self.recurrent = nn.RNN(input_size, 64, batch_first=True)
        self.output_layer = nn.Linear(64, output_size)

    def forward(self, inputs, state=None):
        features, state = self.recurrent(inputs, state)
        return self.output_layer(features), state


if __name__ == "__main__":
    torch.set_num_threads(1)
    sequences = sys.argv[1] if len(sys.argv) > 1 else "40000"
    budget = ["--sequences", sequences, "--batch-size", "8", "--learning-rate", "1e-3"]
    for seed in "12345":
        run = ["--task", "copy", "--network", NAME, "--seed", seed, "--output", f"runs/{seed}"]
        ntm_train([*run, *budget, "--quiet"])
    models = [f"runs/{seed}/model.safetensors" for seed in "12345"]
    about = ["--name", "My network", "--folder", "my-network", "--authors", "Me"]
    ntm_gym(["leaderboard", "submit", *models, *about, "--suite", "copy", "--trust", NAME])
    ntm_gym(["leaderboard", "verify", "--episodes", "50", "--trust", NAME])
    ntm_gym(["leaderboard", "page", "--trust", NAME])
