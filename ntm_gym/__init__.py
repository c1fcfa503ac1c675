"""Neural Turing Machines as a Gymnasium environment and benchmark suite.

Importing this package registers the environments with Gymnasium.
"""

from importlib.metadata import version

from ntm_gym.registration import register_environments

__version__ = version("ntm-gym")

register_environments()
