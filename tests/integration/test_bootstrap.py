"""`make run` after everything is installed: one supervisor, two processes, one clear line when it cannot be."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
READY = "Salpim is ready"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Portal:
    """A portal started as `make run` starts it."""

    def __init__(self, instance: Path, port: int, **environment: str) -> None:
        self.url, self.lines = f"http://127.0.0.1:{port}", []  # type: ignore[var-annotated]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.serve"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SALPIM_INSTANCE": str(instance), "PORT": str(port), **environment},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, text: str, count: int = 1, seconds: float = 150.0) -> None:
        """Wait until `count` lines contain `text`."""
        deadline = time.monotonic() + seconds
        while sum(text in line for line in list(self.lines)) < count:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.05)

    def children(self, part: str) -> list[psutil.Process]:
        """Return the processes below the supervisor whose command line contains `part`."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in below if part in " ".join(process.cmdline())]

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask the portal for a page."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:  # noqa: S310 - our own address
            return answer.status, answer.read()

    def end(self, seconds: float = 40.0) -> int:
        """Wait for the supervisor's end; return its exit code."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    """Return a function that starts a portal on this test's own run-time folder."""
    portals: list[Portal] = []

    def begin(port: int | None = None, instance: Path | None = None, **environment: str) -> Portal:
        portals.append(Portal(instance or tmp_path / "instance", port or free_port(), **environment))
        return portals[-1]

    yield begin
    for portal in portals:
        if portal.process.poll() is None:
            portal.process.terminate()
            try:
                portal.process.wait(30)
            except subprocess.TimeoutExpired:
                portal.process.kill()
        portal.process.wait()
        portal._reader.join(5)
        assert portal.process.stdout is not None
        portal.process.stdout.close()


def ended(processes: list[psutil.Process], seconds: float = 15.0) -> bool:
    """Tell whether processes are gone within some seconds."""
    return not psutil.wait_procs(processes, timeout=seconds)[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_portal_starts_survives_and_stops_without_losing_anything(
    start: Callable[..., Portal], tmp_path: Path
) -> None:
    portal = start()
    portal.wait_for(READY)
    assert any(portal.url in line for line in portal.lines)
    assert portal.get("/healthz")[0] == 200
    assert json.loads(portal.get("/readyz")[1])["status"] == "ok"
    assert portal.get("/")[0] == 200

    secrets = tmp_path / "instance" / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    kept = secrets.read_bytes()
    private = [path for path in (tmp_path / "instance").rglob("*") if path.stat().st_mode & 0o077]
    assert not private, "what the portal writes is for its owner alone"

    # The web process dies: visitors wait for the next one, they are not turned away.
    web = portal.children("gunicorn")
    os.kill(min(web, key=lambda process: process.create_time()).pid, signal.SIGKILL)
    assert ended(web), "nothing is left of the one that died"
    assert portal.get("/healthz")[0] == 200
    worker = portal.children("worker")
    os.kill(worker[0].pid, signal.SIGKILL)
    portal.wait_for("restarting", 2)

    assert stopped_by(portal, signal.SIGTERM)
    people = count(tmp_path / "instance" / "salpim.db")
    again = start()
    again.wait_for(READY)
    assert secrets.read_bytes() == kept
    assert count(tmp_path / "instance" / "salpim.db") == people
    assert stopped_by(again, signal.SIGINT)
    assert beats(tmp_path / "instance" / "salpim.db") == 0, "the next worker must speak for itself"

    again = start()
    again.wait_for(READY)
    everything = psutil.Process(again.process.pid).children(recursive=True)
    again.process.kill()
    again.end()
    assert ended(everything), "even a killed supervisor takes its children along"


def stopped_by(portal: Portal, number: int) -> bool:
    """Ask the supervisor alone to stop; tell whether it and everything it started have ended well."""
    everything = psutil.Process(portal.process.pid).children(recursive=True)
    portal.process.send_signal(number)
    assert portal.end() == 0, portal.lines
    return ended(everything, 1)


def beats(database: Path) -> int:
    """Return how many workers the portal would take for alive."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM worker_beat").fetchone()[0])


def count(database: Path) -> dict[str, int]:
    """Return how many rows each table has that only people write to."""
    with sqlite3.connect(database) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        kept = [name for name in tables if name not in ("worker_beat", "job", "sqlite_sequence")]
        query = "SELECT count(*) FROM "
        found = {name: connection.execute(f'{query}"{name}"').fetchone()[0] for name in kept}
    connection.close()
    return found


def test_a_taken_port_is_one_line(start: Callable[..., Portal]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        portal = start(port)
        assert portal.end() == 1
    assert len(portal.lines) == 1
    assert f"PORT={port + 1}" in portal.lines[0]


@pytest.mark.parametrize("port", ["eighty", "99999"])
def test_a_port_that_is_none_is_one_line(start: Callable[..., Portal], port: str) -> None:
    portal = start(PORT=port)
    assert portal.end() == 1
    assert len(portal.lines) == 1
    assert "PORT" in portal.lines[0]


def test_a_run_time_folder_that_cannot_be_written_to_is_one_line(
    start: Callable[..., Portal], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    portal = start(instance=tmp_path / "file" / "instance", **keys())
    assert portal.end() == 1
    assert len(portal.lines) == 1
    assert "Cannot write to" in portal.lines[0]


def test_a_folder_that_cannot_hold_the_first_secrets_is_one_line(
    start: Callable[..., Portal], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    portal = start(instance=tmp_path / "file" / "instance")
    assert portal.end() == 1
    assert len(portal.lines) == 1
    assert str(tmp_path / "file") in portal.lines[0]


def test_production_without_secrets_is_one_line(start: Callable[..., Portal]) -> None:
    portal = start(SALPIM_ENV="production")
    assert portal.end() == 1
    assert len(portal.lines) == 1
    assert "SECRET_KEY" in portal.lines[0]


def test_an_unreachable_database_is_one_line(start: Callable[..., Portal]) -> None:
    portal = start(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    assert portal.end(60) == 1
    said = [line for line in portal.lines if "Cannot reach the database" in line]
    assert len(said) == 1, portal.lines
    assert "Traceback" not in "\n".join(portal.lines)


def keys() -> dict[str, str]:
    """Return secrets as an operator would set them."""
    import config

    return {f"SALPIM_{name.upper()}": config.new_key() for name in config.SECRET_NAMES}
