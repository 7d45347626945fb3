"""Run programs side by side: prefix their lines, restart what dies, stop everything together.

Each program leads a process group of its own, so that nothing it started outlives it, and is tethered
(see `tether`), so that nothing outlives the supervisor either, even if that is killed.
Knows nothing of the portal and needs only the standard library. Everything happens in one thread:
the kernel ties a program's life to the thread that started it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

TETHER = Path(__file__).with_name("tether.py")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK_SECONDS = 0.2
LINE_LIMIT = 16 * 1024
READS_AT_ONCE = 16


@dataclass(frozen=True)
class Program:
    """One program to keep running. `command[0]` is an absolute path; `descriptors` are inherited."""

    name: str
    command: Sequence[str]
    stop_signal: int = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Limits:
    """How patient the supervisor is, in seconds."""

    grace: float = 15.0
    """Between asking a program to stop and killing its group."""
    quick: float = 10.0
    """A program that lived shorter than this died quickly."""
    give_up_after: int = 5
    """Quick deaths in a row."""
    first_wait: float = 0.5
    """Before the first restart; doubled for each quick death in a row."""
    longest_wait: float = 30.0
    ready: float = 120.0
    """Until everything must have answered once."""


class Child:
    """A running, or waiting, program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_after = 0.0
        self.quick_deaths = 0
        self.silent = False
        """True once the program has closed its output."""
        self._rest = b""

    def start(self) -> IO[bytes]:
        """Start the program in a process group of its own; return what it will print."""
        program = self.program
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(program.stop_signal))]
        self.process = subprocess.Popen(
            [*tether, *program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **program.environment},
            pass_fds=program.descriptors,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.started_at = time.monotonic()
        self._rest, self.silent = b"", False
        return self.process.stdout

    def lines(self, *, last: bool = False) -> Iterator[str]:
        """Yield the whole lines that have arrived; with `last`, what is left as well."""
        assert self.process is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BlockingIOError):
            for _ in range(READS_AT_ONCE):
                data = os.read(self.process.stdout.fileno(), 65536)
                self.silent = not data
                if self.silent:
                    break
                self._rest += data
        *whole, self._rest = self._rest.split(b"\n")
        if self._rest and (last or len(self._rest) > LINE_LIMIT):
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")

    def signal(self, number: int) -> None:
        """Send a signal to the program itself, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """Kill the program and everything it started that is still in its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Keeps programs running until a signal, or until one of them cannot be kept."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        ready: Callable[[], bool],
        on_ready: Callable[[], None],
        say: Callable[[str], None],
        limits: Limits | None = None,
    ) -> None:
        """`ready` is asked about five times a second until it says yes once; it must answer at once."""
        self.children = [Child(program) for program in programs]
        self.limits = limits or Limits()
        self._ready, self._on_ready, self._say = ready, on_ready, say
        self._width = max(len(program.name) for program in programs)
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._was_ready = False

    def run(self) -> int:
        """Run until told to stop; return the exit code: 0 if asked, 1 if something could not be kept."""
        with self._signals():
            began = time.monotonic()
            try:
                while not self._asked_to_stop:
                    for child in self.children:
                        self._care_for(child)
                        if child.quick_deaths >= self.limits.give_up_after:
                            return self._give_up(child)
                    if not self._was_ready and self._ready():
                        self._was_ready = True
                        self._on_ready()
                    elif not self._was_ready and time.monotonic() - began > self.limits.ready:
                        self._say("제때 응답하지 않아 멈춥니다 · no answer in time, stopping")
                        return 1
                    self._listen(TICK_SECONDS)
                return 0
            finally:
                self._stop_all()

    def _give_up(self, child: Child) -> int:
        self._say(
            f"{child.program.name}: {child.quick_deaths}번 잇달아 꺼져서 그만둡니다. 까닭은 위의 기록에 있습니다 · "
            f"died {child.quick_deaths} times in a row, giving up; the reason is in the lines above"
        )
        return 1

    def _care_for(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.start_after:
                self._selector.register(child.start(), selectors.EVENT_READ, child)
            return
        code = child.process.poll()
        if code is None:
            return
        self._bury(child)
        lived = time.monotonic() - child.started_at
        child.quick_deaths = child.quick_deaths + 1 if lived < self.limits.quick else 0
        wait = min(self.limits.longest_wait, self.limits.first_wait * 2 ** max(0, child.quick_deaths - 1))
        child.start_after = time.monotonic() + wait
        how = f"signal {-code}" if code < 0 else f"code {code}"
        if child.quick_deaths < self.limits.give_up_after:
            self._say(f"{child.program.name}: 꺼짐({how}), 다시 켭니다 · ended, restarting in {wait:.1f} s")

    def _bury(self, child: Child) -> None:
        """Take in a dead program's last words and whatever it left running."""
        child.kill_group()
        assert child.process is not None
        assert child.process.stdout is not None
        self._pass_on(child, last=True)
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.process.stdout)
        child.process.stdout.close()
        child.process = None

    def _pass_on(self, child: Child, *, last: bool = False) -> None:
        for line in child.lines(last=last):
            self._say(f"{child.program.name:<{self._width}} │ {line}")

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._pass_on(key.data)
                if key.data.silent:
                    self._selector.unregister(key.fileobj)  # at its end it would be readable for ever
            else:
                os.read(key.fd, 512)

    def _stop_all(self) -> None:
        running = [child for child in self.children if child.process is not None]
        for child in running:
            child.signal(child.program.stop_signal)
        deadline, asked = time.monotonic() + self.limits.grace, self._asked_to_stop
        while running and time.monotonic() < deadline and self._asked_to_stop <= asked:
            self._listen(0.05)
            for child in [c for c in running if c.process is not None and c.process.poll() is not None]:
                self._bury(child)
                running.remove(child)
        for child in running:  # out of patience, or asked a second time
            child.kill_group()
            assert child.process is not None
            child.process.wait()
            self._bury(child)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Note stop signals, and wake the loop for them and for every child that ends."""
        wake, bell = os.pipe()
        for descriptor in (wake, bell):
            os.set_blocking(descriptor, False)
        before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        earlier_bell = signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            if before[number] is not signal.SIG_IGN or number != signal.SIGHUP:  # nohup means to stay
                signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake, selectors.EVENT_READ, "bell")
        try:
            yield
        finally:
            signal.set_wakeup_fd(earlier_bell)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            os.close(wake)
            os.close(bell)

    def _note(self, *_: object) -> None:
        self._asked_to_stop += 1
