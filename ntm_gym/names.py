"""Code by the name that a user gives it."""

from __future__ import annotations

import importlib
import operator
from typing import Any


def import_by_name(name: str) -> Any:
    """Import something.

    Args:
        name: ``"package.module:attribute"``; the attribute may be one of an attribute,
            ``"package.module:outer.inner"``. Importing runs code: name only what you trust.

    Raises:
        ValueError: If it does not exist.
        ModuleNotFoundError: If a module that it needs is absent.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute or not module_name or module_name.startswith("."):
        raise ValueError(f"a name must be 'package.module:attribute', not {name!r}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"there is no module {module_name!r} for {name!r}") from error
    try:
        return operator.attrgetter(attribute)(module)
    except AttributeError as error:
        raise ValueError(f"module {module_name!r} has no {attribute!r}") from error
