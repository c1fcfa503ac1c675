"""The Neural Turing Machine in torch: network, fast kernels, supervised training.

Shape letters, everywhere in this package: ``B`` batch, ``T`` time, ``I`` input channels,
``O`` output bits, ``C`` controller units, ``L`` controller layers, ``G`` gates of a layer,
``N`` memory locations, ``M`` word size, ``R`` read heads, ``W`` write heads, ``H`` heads of
both kinds, ``S`` allowed shifts, ``P`` parameters of all heads. Batch first.
"""

from ntm_agents.config import NTMConfig
from ntm_agents.network_agent import NetworkAgent, load_agent
from ntm_agents.ntm import NTM
from ntm_agents.state import NTMState
from ntm_agents.tracing import Trace, trace

__all__ = ["NTM", "NTMConfig", "NTMState", "NetworkAgent", "Trace", "load_agent", "trace"]
