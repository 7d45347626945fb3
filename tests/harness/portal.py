"""A whole portal, web and worker in processes of their own, as it is served to people."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
MESSAGE_SECONDS = 30.0


@dataclass(frozen=True)
class Portal:
    """A running portal: where it is, and where its text messages end up."""

    url: str
    instance: Path

    def code_for(self, number: str) -> str:
        """Return the six digits sent to a number in E.164 form; the worker may take a moment to send them."""
        outbox = self.instance / "outbox" / "sms.jsonl"
        end = time.monotonic() + MESSAGE_SECONDS
        while time.monotonic() < end:
            lines = outbox.read_text(encoding="utf-8").splitlines() if outbox.exists() else []
            for message in map(json.loads, reversed(lines)):
                found = re.search(r"(?<!\d)\d{6}(?!\d)", message["body"])
                if message["to"] == number and found:
                    return found.group()
            time.sleep(0.2)
        raise AssertionError("no code was sent")


@contextmanager
def serve(app: Flask, database_url: str, secrets: dict[str, str], log: Path) -> Iterator[Portal]:
    """Start web and worker over the database of `app`, and wait until both answer; stop both at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    portal = Portal(f"http://127.0.0.1:{port}", Path(app.instance_path))
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    own |= {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url, "PORT": str(port)}
    own |= {"SALPIM_PUBLIC_URL": portal.url, "SALPIM_RATE_LIMITS": "false"}
    commands = (
        [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:application"],
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
    )
    with log.open("wb") as file:
        running = [
            subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=file, stderr=file)
            for command in commands
        ]
        try:
            _wait(portal.url, running, log)
            yield portal
        finally:
            for process in running:
                process.terminate()
            for process in running:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _wait(url: str, running: list[subprocess.Popen[bytes]], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert all(process.poll() is None for process in running), log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the portal never became ready: {log.read_text()[-3000:]}")
