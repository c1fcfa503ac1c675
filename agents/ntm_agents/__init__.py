"""The Neural Turing Machine in torch: network, fast kernels, supervised training.

Shape letters, everywhere in this package: ``B`` batch, ``T`` time, ``I`` input channels,
``O`` output bits, ``C`` controller units, ``L`` controller layers, ``G`` gates of a layer,
``N`` memory locations, ``M`` word size, ``R`` read heads, ``W`` write heads, ``H`` heads of
both kinds, ``S`` allowed shifts, ``P`` parameters of all heads. Batch first.

Torch is imported with the first name that is used, so that the commands start at once and can
say what to install where it is missing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntm_agents.network_agent import NetworkAgent, load_agent
    from ntm_agents.ntm.config import NTMConfig
    from ntm_agents.ntm.module import NTM
    from ntm_agents.ntm.state import NTMState
    from ntm_agents.ntm.tracing import Trace, trace

__all__ = ["NTM", "NTMConfig", "NTMState", "NetworkAgent", "Trace", "load_agent", "trace"]

_MODULES = {
    "NTM": "ntm.module",
    "NTMConfig": "ntm.config",
    "NTMState": "ntm.state",
    "NetworkAgent": "network_agent",
    "Trace": "ntm.tracing",
    "load_agent": "network_agent",
    "trace": "ntm.tracing",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
