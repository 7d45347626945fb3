"""Setting up: from nothing to an environment, and one clear line for whatever stands in the way."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "install.py"
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def install() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_wheel(folder: Path, version: str) -> None:
    """Write a package with one module, `greeting`, as pip expects it."""
    info = f"salpim_greeting-{version}.dist-info"
    with zipfile.ZipFile(folder / f"salpim_greeting-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", f"VERSION = {version!r}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: salpim-greeting\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose portal needs one small package, and a machine that knows only that one."""
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "portal.txt").write_text("-c constraints.txt\nsalpim-greeting\n")
    (root / "requirements" / "constraints.txt").write_text("salpim-greeting==1.0\n")
    (root / "requirements.txt").write_text("-r requirements/portal.txt\n")
    (root / "requirements" / "install.py").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for version in ("1.0", "2.0"):
        write_wheel(shelf, version)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return root


def run(root: Path, stage: str = "portal", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the checkout's script."""
    command = [sys.executable, str(root / "requirements" / "install.py"), stage]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False
    )


def version_in(root: Path) -> str:
    """Return the version of the small package that a checkout's environment has."""
    command = [str(root / ".venv" / "bin" / "python"), "-c", "import greeting; print(greeting.VERSION)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_a_fresh_checkout_is_set_up_and_the_second_time_takes_a_blink(checkout: Path) -> None:
    first = run(checkout)
    assert first.returncode == 0, first.stderr
    assert version_in(checkout) == "1.0"
    # Without a registry a second installation would fail: so none was tried.
    began = time.monotonic()
    second = run(checkout, PIP_FIND_LINKS="")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert time.monotonic() - began < 2

    (checkout / "requirements" / "constraints.txt").write_text("salpim-greeting==2.0\n")
    assert run(checkout).returncode == 0, "a changed pin is a reason to install again"
    assert version_in(checkout) == "2.0"

    moved = checkout.rename(checkout.with_name("moved"))
    assert run(moved).returncode == 0, "scripts name their place, so a moved environment is made anew"
    assert version_in(moved) == "2.0"
    assert json.loads((moved / ".venv" / "installed-portal.json").read_text())["place"] == str(
        moved / ".venv"
    )


@pytest.mark.slow
def test_an_unreachable_registry_is_one_line(checkout: Path) -> None:
    done = run(checkout, PIP_FIND_LINKS="", PIP_NO_INDEX="0", PIP_INDEX_URL=NOWHERE)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Cannot reach the Python package registry" in done.stderr
    assert not (checkout / ".venv" / "installed-portal.json").exists()


def test_dev_contains_the_portal(install: ModuleType, checkout: Path) -> None:
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    stamp = {"digest": install.digest("dev", checkout), "place": str(venv)}
    (venv / "installed-dev.json").write_text(json.dumps(stamp))
    assert install.installed("portal", checkout, venv)
    assert install.installed("dev", checkout, venv)


def test_a_newer_python_on_path_is_found(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old-python", tmp_path / "python3.12"
    old.write_text("#!/bin/sh\necho 3.9\n")
    new.write_text("#!/bin/sh\necho 3.12\n")
    for path in (old, new):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install.find_python(str(old)) == str(new)
    assert install.find_python(str(new)) == str(new)


def test_an_old_python_is_told_so(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "version_of", lambda python: "3.9")
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 18))
    with pytest.raises(install.Failure, match=r"Python 3\.11 or newer is needed \(found 3\.9\.18\)"):
        install.find_python()


def test_a_python_without_its_parts_is_told_so(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "version_of", lambda python: "")
    with pytest.raises(install.Failure, match="python3-venv"):
        install.find_python()


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10"])
def test_an_old_python_can_read_the_script(version: str) -> None:
    minor = int(version.split(".")[1])
    import ast

    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, minor))


def test_too_little_space_is_said_before_anything_is_fetched(
    install: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: SimpleNamespace(free=300 * 1024 * 1024))
    with pytest.raises(install.Failure, match="1,500 MB needed, 300 MB free"):
        install.install("portal", checkout, checkout / ".venv")
    assert not (checkout / ".venv").exists()


def test_a_folder_that_cannot_be_written_to_is_named(install: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(install.Failure, match="Cannot write to"):
        install.check_writable(tmp_path / "absent")


@pytest.mark.parametrize(
    "log,expected",
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("OSError: [Errno 30] Read-only file system: '/x'", "cannot be written"),
        (
            "WARNING: Retrying (Retry(total=1, connect=None…\nERROR: No matching distribution found for x",
            "registry",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0", "machine and Python: torch==2.13.0"),
        (
            "ERROR: Cannot install pillow because these package versions conflict",
            "machine and Python: pillow",
        ),
        ("Collecting x\nERROR: something else went wrong", "something else went wrong"),
        ("", "the installation failed"),
    ],
)
def test_what_pip_says_becomes_one_line(install: ModuleType, log: str, expected: str) -> None:
    line = install.explain(log)
    assert expected in line
    assert "\n" not in line


def test_progress_is_shown_on_a_terminal_and_elsewhere(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(install.time, "monotonic", lambda: now[0])

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def play(out: io.StringIO) -> str:
        now[0] = 0.0
        progress = install.Progress("packages", out)
        for second in range(30):
            now[0] = float(second)
            progress.hear(f"Collecting package{second}==1.0")
            progress.show()
        progress.clear()
        return out.getvalue()

    assert play(Terminal()).count("\r\033[K") == 31
    plain = play(io.StringIO())
    assert plain.count("\n") == 3, "at 2, 12 and 22 seconds"
    assert "package12==1.0" in plain


def test_an_unknown_stage_is_refused(install: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["everything"]) == 2
    assert "portal|dev" in capsys.readouterr().err


@pytest.mark.slow
def test_an_environment_that_is_only_linked_to_is_never_emptied(install: ModuleType, tmp_path: Path) -> None:
    other = tmp_path / "other" / ".venv"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "python").write_text("in use", encoding="utf-8")
    here = tmp_path / ".venv"
    here.symlink_to(other)
    with pytest.raises(install.Failure, match="points to another environment"):
        install.make_environment(here)
    assert (other / "bin" / "python").read_text(encoding="utf-8") == "in use"


def test_two_at_once_mend_a_broken_environment_once(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    command = [sys.executable, str(checkout / "requirements" / "install.py"), "portal"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    spoken = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], spoken
    assert sorted(bool(out) for out, _ in spoken) == [False, True], "one installs, the other finds it done"
    assert version_in(checkout) == "1.0"
