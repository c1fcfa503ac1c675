"""Neural Turing Machines as a Gymnasium environment and benchmark suite."""

from importlib.metadata import version

__version__ = version("ntm-gym")
