"""The Neural Turing Machine, told as the paper tells it."""
