"""A worker of the portal in a process of its own, to be killed in the middle of its work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0
WORKER = ("-m", "flask", "--app", "wsgi", "worker")

Process = subprocess.Popen[bytes]
Start = Callable[[], Process]


@contextmanager
def starting(
    app: Flask,
    database_url: str,
    secrets: Mapping[str, str],
    log: Path,
    *,
    python: tuple[str, ...] = WORKER,
    **settings: str,
) -> Iterator[Start]:
    """Give a function that starts a worker over the database of `app`; kill what is left of them at the end.

    python: what Python is told to run; settings: of the environment, `SWEEP_SECONDS="0.5"` for SALPIM_SWEEP_SECONDS.
    """
    own = {f"SALPIM_{name.upper()}": value for name, value in {**secrets, **settings}.items()}
    environment = os.environ | own | {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url}
    running: list[Process] = []

    def start() -> Process:
        running.append(subprocess.Popen([sys.executable, *python], cwd=ROOT, env=environment, stderr=file))
        return running[-1]

    with log.open("wb") as file:
        try:
            yield start
        finally:
            for process in running:
                process.kill()
                process.wait()


def until(met: Callable[[], bool], worker: Process) -> None:
    """Wait for something that a living worker brings about."""
    end = time.monotonic() + PATIENCE
    while not met():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def kill_at_work(worker: Process, at_work: Callable[[], bool]) -> None:
    """Hold the worker still until it is seen at work, and kill it then."""
    end = time.monotonic() + PATIENCE
    while True:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        if at_work():
            break
        worker.send_signal(signal.SIGCONT)
        assert time.monotonic() < end, "never seen at work"
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
