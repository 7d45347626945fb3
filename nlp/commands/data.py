"""Where the corpora lie, and how long work says how far it is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def corpora_folder(named: str | None = None) -> Path:
    """The folder of review corpora: ``named``, else ``$SALPIM_DATA/reviews``, else beside the project."""
    root = Path(__file__).resolve().parents[2]
    return (
        Path(named)
        if named
        else Path(os.environ.get("SALPIM_DATA") or root.parent / "shared" / "data") / "reviews"
    )


def telling() -> Callable[[str], None]:
    """Writes a line with the seconds since the start; of ``k/n …`` also how long the rest will take."""
    begun = time.monotonic()

    def tell(line: str) -> None:
        seconds = time.monotonic() - begun
        done, _, of = line.partition(" ")[0].partition("/")
        left = ""
        if done.isdecimal() and of.isdecimal() and 0 < int(done) <= int(of):
            left = f", about {seconds / int(done) * (int(of) - int(done)):.0f} s left"
        sys.stderr.write(f"{seconds:5.0f} s  {line}{left}\n")
        sys.stderr.flush()

    return tell
