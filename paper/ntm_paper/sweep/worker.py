"""A run that ends with its parent: ``python -m ntm_paper.sweep.worker MODULE …``.

Its standard input is a pipe whose other end only the parent holds: when the parent ends,
however that happens, the pipe does too, on every system.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

_ORPHANED = 1


def end_with_parent() -> None:
    """End this process at once when its standard input ends.

    A run may be stopped at any moment: what it has written is whole.
    """
    threading.Thread(target=_wait_for_parent, name="end-with-parent", daemon=True).start()


def _wait_for_parent() -> None:
    # Below sys.stdin, whose lock the interpreter needs when it ends.
    while os.read(0, 1):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    end_with_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
