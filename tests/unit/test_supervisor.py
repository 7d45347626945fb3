"""The supervisor: nothing dies unnoticed, nothing outlives it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

DRIVER = Path(__file__).resolve().parents[1] / "harness" / "supervised.py"
SLEEP = "import time\nprint('up', flush=True)\ntime.sleep(60)"
# Starts a helper of its own that ignores every polite request, and says who both are.
WITH_HELPER = """
import os, subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import signal, time\\n"
    "for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\\n"
    "print('deaf', flush=True); time.sleep(60)"])
print("pids", os.getpid(), helper.pid, flush=True)
time.sleep(60)
"""
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"


class Run:
    """A supervisor at work, and what it has said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, []  # type: ignore[var-annotated]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, pattern: str, count: int = 1, seconds: float = 15.0) -> list[re.Match[str]]:
        """Wait until `count` lines match; return the matches."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no {count} × {pattern!r} in {self.lines}")

    def end(self, seconds: float = 15.0) -> int:
        """Wait for the supervisor's end; return its exit code."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Return a function that starts a supervisor over programs given as source."""
    runs: list[Run] = []

    def start(programs: dict[str, str], *, environment: dict[str, str] | None = None, **given: Any) -> Run:
        limits = {"grace": 5.0, "first_wait": 0.05, "quick": 5.0, **given.pop("limits", {})}
        spec = tmp_path / "spec.json"
        spec.write_text(json.dumps({"programs": programs, "limits": limits, **given}))
        run = Run(
            subprocess.Popen(
                [sys.executable, str(DRIVER), str(spec)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, **(environment or {})},
            )
        )
        runs.append(run)
        return run

    yield start
    for run in runs:
        left = psutil.Process(run.process.pid).children(recursive=True) if run.process.poll() is None else []
        for process in left:
            process.kill()
        run.process.kill()
        run.process.wait()
        assert run.process.stdout is not None
        run._reader.join(5)
        run.process.stdout.close()


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Tell whether a process ends within some seconds (a zombie has ended)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(supervise: Callable[..., Run], number: signal.Signals) -> None:
    run = supervise({"web": WITH_HELPER, "worker": WITH_HELPER})
    pids = [int(pid) for match in run.wait_for(r"pids (\d+) (\d+)", 2) for pid in match.groups()]
    run.wait_for("deaf", 2)
    run.wait_for("READY")
    run.process.send_signal(number)
    assert run.end() == 0
    assert all(gone(pid, 1) for pid in pids), "helpers that ignore the signal are ended too"
    assert len(set(pids)) == 4


def test_lines_carry_the_name_of_their_program(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": "print('하나'); print('둘', end='')\n" + SLEEP, "worker": SLEEP})
    run.wait_for(r"^web    │ 하나$")
    run.wait_for(r"^web    │ 둘up$")
    run.wait_for(r"^worker │ up$")


def test_a_flood_of_lines_arrives_whole_and_in_order(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": "for n in range(20000): print('line', n)\nprint('x' * 40000)\n" + SLEEP})
    run.wait_for(r"│ up$")
    numbers = [int(match.group(1)) for line in run.lines if (match := re.search(r"│ line (\d+)$", line))]
    assert numbers == list(range(20000))


def test_last_words_without_a_line_end_are_heard(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": "import sys\nsys.stdout.write('farewell')"}, limits={"give_up_after": 1})
    assert run.end() == 1
    assert any(line == "web │ farewell" for line in run.lines)


def test_a_killed_program_is_started_again_and_its_helpers_are_not_left(
    supervise: Callable[..., Run],
) -> None:
    run = supervise({"web": WITH_HELPER, "worker": SLEEP})
    first, helper = (int(pid) for pid in run.wait_for(r"pids (\d+) (\d+)")[0].groups())
    os.kill(first, signal.SIGKILL)
    second = int(run.wait_for(r"pids (\d+) (\d+)", 2)[1].group(1))
    assert second != first
    assert gone(helper)
    assert run.process.poll() is None
    assert len([line for line in run.lines if line == "worker │ up"]) == 1, "the other one was left alone"


def test_quick_deaths_are_spaced_out_and_end_in_giving_up(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": "raise SystemExit(3)", "worker": SLEEP}, limits={"give_up_after": 4}, ready=None)
    assert run.end() == 1
    waits = [float(m.group(1)) for line in run.lines if (m := re.search(r"code 3.* ([\d.]+) s$", line))]
    assert waits == sorted(waits)
    assert len(waits) == 3
    assert any(line.startswith("web: 4번 잇달아") for line in run.lines)


def test_a_program_that_lived_long_enough_is_restarted_for_ever(supervise: Callable[..., Run]) -> None:
    short = "import time\ntime.sleep(0.3)\nprint('bye', flush=True)"
    run = supervise({"web": short}, limits={"quick": 0.1, "give_up_after": 2})
    run.wait_for("bye", 4)
    assert run.process.poll() is None


def test_a_program_that_will_not_stop_is_killed_after_the_grace(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": DEAF}, limits={"grace": 0.5})
    run.wait_for("up")
    began = time.monotonic()
    run.process.terminate()
    assert run.end() == 0
    assert 0.4 < time.monotonic() - began < 4


def test_a_second_signal_ends_the_patience(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": DEAF}, limits={"grace": 60})
    run.wait_for("up")
    run.process.terminate()
    time.sleep(0.3)
    run.process.send_signal(signal.SIGINT)
    assert run.end(5) == 0


@pytest.mark.parametrize("way", ["kernel", "watch"])
def test_nothing_outlives_a_killed_supervisor(supervise: Callable[..., Run], way: str) -> None:
    report = "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)"
    run = supervise({"web": report, "worker": report}, environment={"SALPIM_TETHER": way})
    pids = [int(match.group(1)) for match in run.wait_for(r"pid (\d+)", 2)]
    run.process.kill()
    run.end()
    assert all(gone(pid) for pid in pids)


def test_stop_signals_pass_through_the_watching_tether(supervise: Callable[..., Run]) -> None:
    polite = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye', flush=True), sys.exit(0)))\n" + SLEEP
    )
    run = supervise({"web": polite}, environment={"SALPIM_TETHER": "watch"})
    run.wait_for("up")
    run.process.terminate()
    assert run.end() == 0
    run.wait_for("goodbye")


def test_no_answer_in_time_stops_everything(supervise: Callable[..., Run]) -> None:
    run = supervise({"web": SLEEP}, ready=None, limits={"ready": 0.5})
    assert run.end() == 1
    assert "READY" not in run.lines
    assert any("no answer in time" in line for line in run.lines)


def test_a_silent_program_costs_no_processor_time(supervise: Callable[..., Run]) -> None:
    run = supervise(
        {"web": "import os, time\nprint('up', flush=True)\nos.close(1); os.close(2)\ntime.sleep(60)"}
    )
    run.wait_for("up")
    time.sleep(0.3)
    before = psutil.Process(run.process.pid).cpu_times()
    time.sleep(1.0)
    after = psutil.Process(run.process.pid).cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 0.2
