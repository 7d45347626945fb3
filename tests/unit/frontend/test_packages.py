"""The front-end build where its packages cannot be had: one line that says so, and no build."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from frontend.tools.packages import _reason

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone as far as the front end is concerned: its sources, and nothing installed."""
    shutil.copytree(
        ROOT / "frontend",
        tmp_path / "clone" / "frontend",
        ignore=shutil.ignore_patterns("node_modules", ".cache", "__pycache__"),
    )
    return tmp_path / "clone"


def test_an_unreachable_registry_is_one_line(checkout: Path, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        registry = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        built = subprocess.run(
            [sys.executable, str(checkout / "frontend" / "build.py")],
            capture_output=True,
            text=True,
            check=False,
            # Nothing of the developer's own npm: no proxy, no cache that would have the packages.
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "npm_config_registry": registry,
                "npm_config_fetch_retries": "0",
                "npm_config_update_notifier": "false",
            },
        )
    assert built.returncode == 1
    assert built.stdout.splitlines() == ["front end: fetching packages (npm) …"]
    (line,) = built.stderr.splitlines()
    assert line.startswith("front end: the npm registry cannot be reached")
    assert "check the network" in line
    assert registry in line
    assert not (checkout / "app").exists(), "a build without its packages leaves nothing behind"


NAME_UNKNOWN = """\
npm error code ENOTFOUND
npm error syscall getaddrinfo
npm error errno ENOTFOUND
npm error network request to https://registry.example/a failed, reason: getaddrinfo ENOTFOUND registry.example
npm error network This is a problem related to network connectivity.
"""


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            NAME_UNKNOWN,
            "the npm registry cannot be reached (network request to https://registry.example/a failed",
        ),
        (
            "npm error code EINTEGRITY\nnpm error sha512-a integrity checksum failed\nnpm error A complete log of\n",
            "npm ci failed: sha512-a integrity checksum failed",
        ),
        ("Killed\n", "npm ci failed: npm gave no reason"),
    ],
)
def test_what_npm_says_at_length_becomes_one_line(output: str, told: str) -> None:
    reason = _reason(output)
    assert reason.startswith(told)
    assert "\n" not in reason
