"""Compiled kernels on disk, for later processes; without such a cache where it cannot be.

Numba finds the folder. Files are our own: Numba's index looks at a function's own source file
and not at those of the functions it calls, and fails on a damaged file or a full disk. What
belongs to Numba's private parts is touched here only, and may change.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES, REGISTER_BYTES, REGISTER_COUNT

_LOGGER = logging.getLogger(__name__)
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_EQUATIONS = Path(__file__).parents[3] / "ntm"
_SOURCES = (
    Path(__file__).parents[1],
    _EQUATIONS / "addressing.py",
    _EQUATIONS / "entropy.py",
)
"""What a kernel may be compiled from: the folder of all kernels, and where constants are."""


@functools.cache
def digest_of(source: Path) -> str:
    """Return a digest of all that a kernel in some file may be compiled from."""
    return hashlib.sha256(_digest_of_package() + source.read_bytes()).hexdigest()


@functools.cache
def _digest_of_package() -> bytes:
    """Digest all kernels, and the equations, which they take constants from."""
    sources = (
        path
        for source in _SOURCES
        for path in (sorted(source.rglob("*.py")) if source.is_dir() else [source])
    )
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).digest()


class CacheFiles:
    """The compiled versions of one function, each in a file, in place of Numba's index.

    A file begins with a checksum. What was compiled from other sources has another name: it
    is not even unpickled, for it may name what is no longer there.

    Args:
        folder: Where.
        function: Its name, which all files' names begin with.
        digest: Of the sources.
    """

    def __init__(self, folder: Path, function: str, digest: str) -> None:
        """Look at nothing yet."""
        self._folder, self._function, self._digest = folder, function, digest

    def path_of(self, key: Any) -> Path:
        """Return where one version lies, by types of arguments, processor and registers."""
        machine = numba.__version__, REGISTER_BYTES, REGISTER_COUNT, GUARD_BYTES
        version = hashlib.sha256(repr((key, machine)).encode()).hexdigest()
        return self._folder / f"{self._function}.{self._digest[:16]}.{version[:16]}.nbc"

    def load(self, key: Any) -> Any:
        """Return what was saved, or None.

        Raises:
            ValueError: If the file is damaged.
            OSError: If it cannot be read.
        """
        path = self.path_of(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, data = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if hashlib.sha256(data).digest() != checksum:
            raise ValueError(f"{path} is damaged")
        return pickle.loads(data)

    def save(self, key: Any, data: Any) -> None:
        """Write atomically, and remove what was compiled from other sources.

        Raises:
            OSError: If it cannot be written; nothing is left then.
        """
        path, pickled = self.path_of(key), dumps(data)
        # Written aside and renamed: a process that is killed leaves no half file.
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.tmp.", dir=self._folder)
        try:
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(pickled).digest() + pickled)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        for other in self._folder.glob(f"{self._function}.*.nbc"):
            if not other.name.startswith(f"{self._function}.{self._digest[:16]}."):
                other.unlink(missing_ok=True)

    def flush(self) -> None:
        """Remove all versions."""
        for path in self._folder.glob(f"{self._function}.*.nbc"):
            path.unlink(missing_ok=True)


class _KernelCache(FunctionCache):
    """Numba's cache of one function; what goes wrong with it costs time, and nothing else."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        _ = self._cache_file  # an error, if Numba has renamed it
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        line, python = function.__code__.co_firstlineno, sys.implementation.cache_tag
        digest = digest_of(Path(function.__code__.co_filename))
        files = CacheFiles(Path(self.cache_path), f"{name}-{line}.{python}", digest)
        self._cache_file = cast(Any, files)

    def load_overload(self, *args: Any) -> Any:
        try:
            return super().load_overload(*args)  # type: ignore[no-untyped-call]
        except Exception as error:  # a damaged file can end in any
            say_without_cache(error)
            return None

    def save_overload(self, *args: Any) -> None:
        try:
            super().save_overload(*args)  # type: ignore[no-untyped-call]
        except Exception as error:
            say_without_cache(error)


def keep_compiled(compiled: Any) -> None:
    """Let a compiled function be looked up and kept on disk, if that is possible.

    Args:
        compiled: From ``numba.njit``, without a cache.
    """
    try:
        _ = compiled._cache  # an error, if Numba has renamed it
        compiled._cache = _KernelCache(compiled.py_func)
    except (AttributeError, TypeError, RuntimeError, OSError) as error:
        say_without_cache(error)


def say_without_cache(error: Exception) -> None:
    """Log why there is no cache, once in a process."""
    if not _said:
        _said.append(str(error).partition("\n")[0] or type(error).__name__)
        _LOGGER.warning(
            "the NTM's kernels are compiled anew, which takes up to a minute: "
            f"their cache cannot be used: {_said[0]}"
        )


_said: list[str] = []
