"""Ends a run's database server when the run itself was killed: `caretaker.py OWNER_PID FOLDER`.

Waits in the background for the process that started the run. A run that ends by itself has stopped its
server by then, and there is nothing left to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil

WATCH_SECONDS = 0.5
CLEANING_SECONDS = 30.0


def stop_server(note: Path) -> None:
    """Stop the server that `note` tells of, if there is one: at once, nothing in it is worth keeping."""
    with contextlib.suppress(OSError, IndexError, ValueError, psutil.Error):
        server = psutil.Process(int(note.read_text(encoding="utf-8").split()[0]))
        server.send_signal(signal.SIGQUIT)
        server.wait(10)


def main(owner: int, shared: Path) -> int:
    """Wait for `owner` to end, then stop what runs from `shared` and remove the folder."""
    watched = psutil.Process(owner)
    if os.fork():  # nobody's child: the test that needs the server first must not have to wait for us
        return 0
    while watched.is_running() and watched.status() != psutil.STATUS_ZOMBIE:
        time.sleep(WATCH_SECONDS)
    deadline = time.monotonic() + CLEANING_SECONDS
    while shared.exists() and time.monotonic() < deadline:
        stop_server(shared / "postgres" / "postmaster.pid")
        shutil.rmtree(shared, ignore_errors=True)
        time.sleep(WATCH_SECONDS)  # whoever was making the server may still be writing
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
    except psutil.Error:
        sys.exit(0)  # it has ended already
