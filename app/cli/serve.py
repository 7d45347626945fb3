"""Start the portal: `python -m app.cli.serve` (what `make run` does once everything is installed).

Opens the port, prepares the database, keeps the web process and the worker running under one
supervisor, and says so once both have answered.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from app.infra.supervisor import TETHER, Program, Supervisor
from config import ROOT, ConfigurationError, Settings, load

BACKLOG = 1024
EXPLAINED = 3
"""What `app.cli.prepare` ends with when it has said why."""
FREE_MEGABYTES = 200
ANSWER_SECONDS = 2.0
POLL_SECONDS = 0.25


class CannotStart(Exception):
    """The one line that the person gets."""


def say(text: str) -> None:
    """Print one line at once; a reader who went away is no reason to stop serving."""
    try:
        print(text, flush=True)
    except (BrokenPipeError, ValueError):
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open to the end


def open_port(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise `CannotStart` saying why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"포트 {port}는 이미 쓰이고 있습니다. 다른 번호로 켜 주세요: make run PORT={port + 1} · "
                f"Port {port} is taken, choose another: make run PORT={port + 1}"
            ) from error
        raise CannotStart(
            f"{host}:{port}를 열 수 없습니다 · Cannot open {host}:{port}: {error.strerror or error}"
        ) from error
    listener.listen(BACKLOG)
    return listener


def own_url(host: str, port: int) -> str:
    """Return the address under which this machine itself reaches a portal that listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_instance(folder: Path) -> None:
    """Raise `CannotStart` unless the run-time folder can be written to and has some room."""
    probe = folder / f".write-probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x" * 4096)
        free = shutil.disk_usage(folder).free // (1024 * 1024)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = 0
        else:
            raise CannotStart(
                f"{folder}에 쓸 수 없습니다 · Cannot write to {folder}: {error.strerror}"
            ) from error
    finally:
        with suppress(OSError):
            probe.unlink()
    if free < FREE_MEGABYTES:
        raise CannotStart(
            f"디스크 공간이 모자랍니다: {FREE_MEGABYTES} MB가 필요한데 {free} MB가 남았습니다 · "
            f"Not enough disk space in {folder}: {FREE_MEGABYTES} MB needed, {free} MB free"
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time prepare the database in `folder`."""
    with (folder / "prepare.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(
                "다른 프로그램이 자료를 준비하고 있어 기다립니다 · waiting for another process that prepares the data"
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tethered(*command: str) -> list[str]:
    """Return the command line of a Python module of ours that ends when this process does."""
    tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGTERM))]
    return [*tether, sys.executable, "-m", *command]


def prepare(environment: dict[str, str]) -> None:
    """Run `app.cli.prepare` in a process of its own; raise `CannotStart` where it fails."""
    say("자료를 준비합니다 · preparing the data …")
    with subprocess.Popen(tethered("app.cli.prepare"), cwd=ROOT, env=environment) as child:
        try:
            code = child.wait()
        except BaseException:
            child.terminate()
            raise
    if code == EXPLAINED:
        raise SystemExit(1)
    if code != 0:
        raise CannotStart(f"자료를 준비하지 못했습니다 · The data could not be prepared (code {code})")


class Readiness:
    """Asks the portal in a thread of its own, so that the supervisor never waits for an answer."""

    def __init__(self, url: str) -> None:
        self.url, self.ready, self._stopped = url, False, threading.Event()
        self._began = time.monotonic()
        threading.Thread(target=self._ask, name="readiness", daemon=True).start()

    def __call__(self) -> bool:
        return self.ready

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _ask(self) -> None:
        said_at = self._began
        while not self._stopped.wait(POLL_SECONDS):
            try:
                with urllib.request.urlopen(self.url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - our own address
                    self.ready = answer.status == 200
                    answer.read()
            except urllib.error.HTTPError as error:
                error.close()
            except OSError:
                pass
            if self.ready:
                return
            if time.monotonic() - said_at > ANSWER_SECONDS:
                said_at = time.monotonic()
                say(f"웹과 작업자를 기다립니다 · waiting for web and worker … {said_at - self._began:.0f} s")


def programs(listener: socket.socket, environment: dict[str, str]) -> list[Program]:
    """Return what makes up the portal."""
    python = sys.executable
    descriptor = listener.fileno()
    web = Program(
        "web",
        (python, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "wsgi:application"),
        environment={**environment, "SALPIM_BIND": f"fd://{descriptor}"},
        descriptors=(descriptor,),
    )
    # An interrupt lets the worker finish the job in hand; what it cannot finish is done again later.
    worker = Program(
        "worker",
        (python, "-m", "flask", "--app", "wsgi", "worker"),
        stop_signal=signal.SIGINT,
        environment=environment,
    )
    return [web, worker]


def announce(url: str, settings: Settings, accounts: IO[str]) -> None:
    """Say where the portal is, and who may sign in to the demonstration."""
    say("")
    say(f"  살핌이 켜졌습니다 · Salpim is ready:  {url}")
    if settings.env == "development":
        say("  연구·시연용이며 의료기기가 아닙니다 · for research and demonstration, not a medical device")
        accounts.seek(0)
        for line in accounts:
            say(f"  {line}".rstrip())
    say("  멈추려면 Ctrl+C · Ctrl+C stops it")
    say("")


def serve(settings: Settings) -> int:
    """Run the portal until told to stop; return the exit code."""
    url = own_url(settings.host, settings.port)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PORT": str(settings.port)}
    if settings.env == "development":
        environment.setdefault("SALPIM_PUBLIC_URL", url)  # links in messages follow the port
    check_instance(settings.instance)
    with (
        open_port(settings.host, settings.port) as listener,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as shown,
    ):
        with alone(settings.instance):
            prepare(environment)
        accounts: subprocess.Popen[bytes] | None = None
        if settings.env == "development":
            command = tethered("flask", "--app", "wsgi", "demo", "accounts")
            accounts = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=shown)
        readiness = Readiness(f"{url}/readyz")
        try:
            supervisor = Supervisor(
                programs(listener, environment),
                ready=lambda: readiness() and (accounts is None or accounts.poll() is not None),
                on_ready=lambda: announce(url, settings, shown),
                say=say,
            )
            return supervisor.run()
        finally:
            readiness.stop()
            if accounts is not None and accounts.poll() is None:
                accounts.kill()
                accounts.wait()


def main() -> int:
    """Return the exit code; every failure that can be foreseen is one line."""
    # Until the supervisor takes over, a stop signal ends whatever is being prepared. A shell that starts us
    # in the background has us ignore interrupts; who sends one means it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    os.chdir(ROOT)
    os.umask(0o077)  # what the portal writes concerns nobody else on this machine
    try:
        return serve(load())
    except (CannotStart, ConfigurationError) as error:
        print(f"살핌 · Salpim: {error}", file=sys.stderr)
    except OSError as error:  # the first thing written are the development secrets
        print(f"살핌 · Salpim: {error.strerror or error}: {error.filename}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
