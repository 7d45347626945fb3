"""Make .venv and install one stage of the requirements: `python3 requirements/install.py portal|dev`.

Needs nothing but the standard library. A stage that is already installed costs a blink: a stamp in
.venv keeps the hash of the files it was installed from. Every failure ends in one line and exit code 1.

The syntax stays that of Python 3.7, so that an old Python can read this and say that it is old.
"""

import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional, TextIO

NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"

# The file a stage is installed from, and the free space it wants in megabytes (measured, with room).
STAGES = {"portal": ("requirements/portal.txt", 1500), "dev": ("requirements.txt", 4500)}
# A stage is also there when one that contains it is.
CONTAINED_IN = {"portal": ("portal", "dev"), "dev": ("dev",)}

PROBE = "import sys, venv, ensurepip, sqlite3, ssl; print('%d.%d' % sys.version_info[:2])"

# What pip says → what to tell the person, in this order.
UNREACHABLE = (
    "파이썬 꾸러미 저장소에 연결할 수 없습니다. 인터넷 연결을 확인하고 다시 실행해 주세요 · "
    "Cannot reach the Python package registry: check the connection (or PIP_INDEX_URL) and run this again"
)
CAUSES = (
    (
        r"No space left on device|Errno 28|Disk quota exceeded",
        "디스크가 가득 찼습니다. 공간을 비우고 다시 실행해 주세요 · The disk is full: free some space",
    ),
    (
        r"Read-only file system|Errno 13|Errno 30",
        "이 폴더에 쓸 수 없습니다 · This folder cannot be written to",
    ),
    (
        r"Retrying \(Retry\(|NewConnectionError|ConnectionError|Temporary failure in name resolution|ReadTimeout",
        UNREACHABLE,
    ),
    (
        r"No matching distribution found for (?P<what>\S+)|Cannot install (?P<conflict>\S+) because",
        "이 컴퓨터와 파이썬에 맞는 꾸러미가 없습니다 · Nothing fits this machine and Python",
    ),
)


class Failure(Exception):
    """The one line that the person gets."""


def say(text: str, out: Optional[TextIO] = None) -> None:
    """Print a line at once, whatever the terminal can show."""
    stream = out or sys.stdout
    encoding = getattr(stream, "encoding", None) or "ascii"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def version_of(python: str) -> str:
    """Return "3.12" for a Python that can make environments, or "" for one that cannot be used."""
    command = [python, "-c", PROBE]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def fits(version: str) -> bool:
    """Tell whether "3.12" is new enough."""
    return bool(version) and tuple(int(part) for part in version.split(".")) >= NEEDED


def find_python(current: str = sys.executable) -> str:
    """Return a Python that is new enough: the one running this, or a newer one on PATH."""
    if fits(version_of(current)):
        return current
    for name in NEWER:
        path = shutil.which(name)
        if path and fits(version_of(path)):
            return path
    wanted = ".".join(str(part) for part in NEEDED)
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= NEEDED:
        raise Failure(
            "이 파이썬에는 venv·ensurepip·sqlite3·ssl 가운데 없는 것이 있습니다 (데비안이면 python3-venv 꾸러미) · "
            f"This Python ({found}) lacks venv, ensurepip, sqlite3 or ssl (on Debian: the package python3-venv)"
        )
    raise Failure(
        f"Python {wanted} 이상이 필요합니다 (찾은 것: {found}). 설치한 뒤 make PYTHON=경로 로 알려 주세요 · "
        f"Python {wanted} or newer is needed (found {found}): install one, or name it with make PYTHON=path"
    )


def sources(path: Path) -> List[Path]:
    """Return a requirements file and every file that it includes."""
    found = [path]
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\s*(?:-r|-c)\s+(\S+)", line)
        if match:
            found += sources(path.parent / match.group(1))
    return found


def digest(stage: str, root: Path = ROOT) -> str:
    """Return the hash of everything that decides what a stage installs."""
    state = hashlib.sha256()
    for path in sources(root / STAGES[stage][0]):
        state.update(path.read_bytes() + b"\0")
    return state.hexdigest()


def stamp_path(stage: str, venv: Path) -> Path:
    """Return where a stage notes what it was installed from."""
    return venv / ("installed-" + stage + ".json")


def read_stamp(stage: str, venv: Path) -> Dict[str, str]:
    """Return a stage's stamp, or nothing if there is none that can be read."""
    try:
        stamp = json.loads(stamp_path(stage, venv).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def installed(stage: str, root: Path = ROOT, venv: Path = VENV) -> bool:
    """Tell whether a stage, as it is written now, is in the environment at this place."""
    if not os.access(str(venv / "bin" / "python"), os.X_OK):
        return False
    for name in CONTAINED_IN[stage]:
        stamp = read_stamp(name, venv)
        if stamp.get("digest") == digest(name, root) and stamp.get("place") == str(venv):
            return True
    return False


def check_space(stage: str, place: Path) -> None:
    """Refuse to begin what cannot end."""
    needed = STAGES[stage][1]
    free = shutil.disk_usage(str(place)).free // (1024 * 1024)
    if free < needed:
        raise Failure(
            f"디스크 공간이 모자랍니다: {needed:,} MB가 필요한데 {free:,} MB가 남았습니다 · "
            f"Not enough disk space: {needed:,} MB needed, {free:,} MB free in {place}"
        )


def check_writable(place: Path) -> None:
    """Refuse a folder that cannot hold the environment."""
    probe = place / f".write-probe-{os.getpid()}"
    try:
        probe.write_bytes(b"x" * 4096)
    except OSError as error:
        raise Failure(
            f"{place}에 쓸 수 없습니다 · Cannot write to {place}: {error.strerror or error}"
        ) from error
    finally:
        if probe.exists():
            probe.unlink()


class Progress:
    """One status line on a terminal; elsewhere a line every ten seconds."""

    def __init__(self, title: str, out: TextIO) -> None:
        self.title, self.out, self.began = title, out, time.monotonic()
        self.count, self.what, self.next_line = 0, "", 2.0
        self.live = out.isatty()

    def hear(self, line: str) -> None:
        """Take in one line of pip's."""
        match = re.match(r"\s*(?:Collecting|Downloading|Building wheel for|Using cached) (\S+)", line)
        if match:
            self.count += line.lstrip().startswith("Collecting")
            self.what = match.group(1).split("/")[-1]
        elif line.startswith("Installing collected packages"):
            self.what = "설치 중 · unpacking"

    def show(self) -> None:
        """Say how far it is, if it is time to."""
        elapsed = time.monotonic() - self.began
        if not self.live and elapsed < self.next_line:
            return
        self.next_line = elapsed + 10.0
        text = f"  {self.title}  {elapsed:3.0f} s  {self.count}  {self.what}"
        if self.live:
            width = shutil.get_terminal_size().columns
            self.out.write("\r\033[K" + text[: max(20, width - 8)])
            self.out.flush()
        else:
            say(text, self.out)

    def clear(self) -> None:
        """Leave a clean line behind."""
        if self.live:
            self.out.write("\r\033[K")
            self.out.flush()


def run_shown(command: List[str], log: Path, progress: Progress, environment: Dict[str, str]) -> int:
    """Run a command with its output in `log` and its progress on the screen; return its exit code."""
    with log.open("wb") as file:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        assert child.stdout is not None
        try:
            while True:
                ready, _, _ = select.select([child.stdout], [], [], 0.5)
                if ready:
                    line = child.stdout.readline()
                    if not line:
                        break
                    file.write(line)
                    progress.hear(line.decode("utf-8", "replace"))
                progress.show()
            return child.wait()
        finally:
            progress.clear()
            if child.poll() is None:
                child.terminate()
                child.wait()


def explain(log: str) -> str:
    """Turn what pip printed into the one line that helps."""
    for pattern, text in CAUSES:
        match = re.search(pattern, log)
        if match:
            what = next(filter(None, match.groupdict().values()), "")
            return text + (": " + what if what else "")
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return errors[-1][len("ERROR:") :].strip() if errors else "설치하지 못했습니다 · the installation failed"


def make_environment(venv: Path) -> None:
    """Create the environment, or create it anew where it is broken or was moved here."""
    stamped = [read_stamp(stage, venv).get("place", str(venv)) for stage in STAGES]
    inside = str(venv / "bin" / "python")
    moved = any(place != str(venv) for place in stamped)
    if not moved and fits(version_of(inside)):
        pip = [inside, "-m", "pip", "--version"]
        if (
            subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
            == 0
        ):
            return
    if venv.is_symlink():
        # What it points to may be another checkout's, in use at this moment.
        raise Failure(
            f"{venv}은 다른 환경을 가리킵니다. 그 링크를 지우고 다시 실행해 주세요 · "
            f"{venv} points to another environment: remove that link and run this again"
        )
    python = find_python()
    say("파이썬 환경을 만듭니다 · Creating .venv with " + python)
    command = [python, "-m", "venv", "--clear", str(venv)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode != 0:
        raise Failure(explain(made.stdout.decode("utf-8", "replace")) + " (python -m venv)")


def install(stage: str, root: Path = ROOT, venv: Path = VENV, out: Optional[TextIO] = None) -> None:
    """Install a stage unless it is there; raise `Failure` with one line otherwise."""
    if installed(stage, root, venv):
        return
    check_writable(root)
    check_space(stage, root)
    make_environment(venv)
    title = f"파이썬 꾸러미 · Python packages ({stage})"
    say(title + " …", out)
    log = venv / ("install-" + stage + ".log")
    command = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--progress-bar", "off", "--retries", "2", "-r", str(root / STAGES[stage][0])]
    # The folder's own environment: nothing of another one, no prompts, no buffering.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONUNBUFFERED"] = "1"
    progress = Progress(title, out or sys.stdout)
    if run_shown(command, log, progress, environment) != 0:
        raise Failure(f"{explain(log.read_text('utf-8', 'replace'))} [{log}]")
    stamp = {"digest": digest(stage, root), "place": str(venv)}
    stamp_path(stage, venv).write_text(json.dumps(stamp), encoding="utf-8")
    say(f"  {time.monotonic() - progress.began:.0f} s", out)


def stop(*_: object) -> None:
    """End as asked; the `finally` of whatever runs takes its child along."""
    sys.exit(130)


def main(arguments: List[str]) -> int:
    """Install the named stage; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in STAGES:
        say("usage: python3 requirements/install.py " + "|".join(STAGES), sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Two commands at once must not write into one environment.
    door = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        install(arguments[0])
    except Failure as failure:
        say(f"살핌 설치 · Salpim setup: {failure}", sys.stderr)
        return 1
    except OSError as error:
        say(f"살핌 설치 · Salpim setup: {explain(str(error))} [{error.filename or ROOT}]", sys.stderr)
        return 1
    finally:
        os.close(door)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
