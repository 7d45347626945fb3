"""Memory that was freed and is still held."""

from __future__ import annotations

import ctypes
import sys


def give_back_freed() -> None:
    """Give the system what the process has freed but keeps for later; does nothing where that is not known.

    Loading a model reads its weights in 16 bits, makes them 32 and lays them out anew: glibc keeps what that took,
    and a worker lives for weeks.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
        if trim is not None:
            trim(0)
