"""Networks of users, for the trainer."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import pytest

NamedNetwork = Callable[[Callable[..., object]], str]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> NamedNetwork:
    """Give a factory a name by which the trainer finds it, as if a user had written it."""
    module = types.ModuleType("users_module")
    monkeypatch.setitem(sys.modules, "users_module", module)

    def name(factory: Callable[..., object]) -> str:
        setattr(module, "Network", factory)  # noqa: B010, a module has no such attribute
        return "users_module:Network"

    return name
