"""A whole portal, web and worker in processes of their own, and a real browser in front of it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

import config

ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1280, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a long password 1!"
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


def shared_data() -> Path:
    """Return the folder of real data, or skip the test saying that it is not there."""
    folder = config.load(env="testing", **{n: config.new_key() for n in config.SECRET_NAMES}).shared_data
    if not folder.is_dir():
        pytest.skip(f"real photos and reviews are not at {folder} (set SALPIM_DATA)")
    return folder


@pytest.fixture
def real_photos() -> Callable[[str], Path]:
    """Return a function that finds a smartphone photo of a diagnosis, of a patient never trained on."""
    skin = shared_data() / "skin"

    def find(diagnosis: str) -> Path:
        with (skin / "labels.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                wanted = (row["source_dataset"], row["split_hint"], row["dx"])
                if wanted == ("PAD-UFES-20", "test", diagnosis):
                    return skin / "images" / f"{row['image_id']}.jpg"
        raise LookupError(diagnosis)

    return find


@pytest.fixture
def real_reviews() -> list[Path]:
    """The store reviews of all apps."""
    return sorted((shared_data() / "reviews").glob("appstore_*.csv"))


@pytest.fixture
def portal(app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Portal]:
    """Start web and worker over the database of `app`; stop both at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running_portal = Portal(f"http://127.0.0.1:{port}", Path(app.instance_path))
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    own |= {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url, "PORT": str(port)}
    own |= {"SALPIM_PUBLIC_URL": running_portal.url, "SALPIM_RATE_LIMITS": "false"}
    python = sys.executable
    commands = (
        [python, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:application"],
        [python, "-m", "flask", "--app", "wsgi", "worker"],
    )
    with (tmp_path / "portal.log").open("wb") as log:
        running = [
            subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=log)
            for command in commands
        ]
        try:
            _wait(running_portal.url, running, tmp_path / "portal.log")
            yield running_portal
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one these tests are skipped."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium on this machine (install one, or set CHROMIUM)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, portal: Portal) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of its own person: cookies are not shared.

    Whatever goes wrong in the page (an exception, a broken security policy, a server error) fails the test.
    """
    faults: list[str] = []
    contexts: list[Any] = []

    def make(size: dict[str, int] = DESKTOP, locale: str = "ko-KR") -> Page:
        context = browser.new_context(
            viewport=size, locale=locale, base_url=portal.url, has_touch=size is PHONE
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: faults.append(f"{page.url}: {said.text}") if said.type == "error" else None,
        )
        page.on(
            "response",
            lambda answer: faults.append(f"{answer.url}: {answer.status}") if answer.status >= 500 else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []
