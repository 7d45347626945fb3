"""The command line: ``python -m vision predict|evaluate|train|export|compare|folds|fit|measure|bench``."""

from __future__ import annotations

import os
import sys

from vision.cli import main

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**30),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Keep freed memory and use huge pages: a step of training frees and takes the same gigabytes again, and asking the
kernel for them each time takes a third of the processor (measured: vision/EXPERIMENTS.md). glibc reads these only
when a process starts; other libraries ignore them."""


def with_allocator() -> None:
    """Run this command once more with `ALLOCATOR`, unless one of its settings is there: then it was, or somebody knows better."""
    if sys.platform == "linux" and not ALLOCATOR.keys() & os.environ.keys():
        # The same command once more, before anything heavy is loaded.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **ALLOCATOR})  # noqa: S606


if __name__ == "__main__":
    if sys.argv[1:2] in (["train"], ["folds"]):
        with_allocator()
    sys.exit(main())
