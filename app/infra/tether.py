"""Run a command that ends when its parent does: `python tether.py PARENT_PID SIGNAL COMMAND...`.

On Linux the kernel is asked to send the signal when the parent dies (prctl PR_SET_PDEATHSIG), and the
command takes this process over. Elsewhere this process stays, watches its parent, and passes signals on.
Run as a file and with the standard library alone, so that it costs a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.2
GRACE_SECONDS = 15.0
ORPHANED = 1


def bind_to_parent(number: int) -> bool:
    """Ask Linux for `number` at the parent's death; False where that cannot be had."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        refused: int = ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return refused == 0


def watch(parent: int, number: int, command: list[str]) -> int:
    """Run `command` beside us: pass signals on, end it when `parent` dies; return its exit code."""
    child = subprocess.Popen(command)
    for passed in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(passed, lambda received, _frame: child.send_signal(received))
    asked_at = 0.0
    while True:
        try:
            code = child.wait(timeout=WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() == parent:
                continue
            if not asked_at:
                asked_at = time.monotonic()
                child.send_signal(number)
            elif time.monotonic() - asked_at > GRACE_SECONDS:
                child.kill()
            continue
        return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:  # noqa: RET503 - the last line does not return
    """Become, or watch over, the command."""
    parent, number, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    if os.environ.get("SALPIM_TETHER") == "watch" or not bind_to_parent(number):
        return watch(parent, number, command)
    if os.getppid() != parent:  # it died before we had asked
        return ORPHANED
    os.execv(command[0], command)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
