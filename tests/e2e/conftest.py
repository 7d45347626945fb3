"""A real browser in front of a whole portal, and real things to show it."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import config
from tests.harness.portal import Portal

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

    def make(size: dict[str, int] = DESKTOP, locale: str = "ko-KR", *, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport=size,
            locale=locale,
            base_url=portal.url,
            has_touch=size is PHONE,
            java_script_enabled=scripts,
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
