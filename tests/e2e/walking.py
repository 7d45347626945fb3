"""Someone walks through the portal: they press what they see, read their text messages, and every page must suit them."""

from __future__ import annotations

import contextvars
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from app.extensions import db
from app.infra import clock, jobs
from tests.e2e.looking import NEXT_FRAME, SETTLE, TOO_WIDE
from tests.e2e.site import Site

SCREENSHOTS = "SALPIM_SCREENSHOTS"
SMALLEST = 18
"""Pixels: nobody who asked for large type has to read anything smaller."""
SMALL_WORDS = """smallest => {
  const found = new Map();
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim(), box = walker.currentNode.parentElement;
    if (!words || box.closest("svg, script, template, .visually-hidden") || !box.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (size < smallest) found.set(`${size} px “${words.slice(0, 40)}”`, true);
  }
  return [...found.keys()];
}"""


@dataclass
class Walk:
    """One person at one screen."""

    site: Site
    page: Page
    who: str
    large: bool = False
    """They have asked for large type."""
    says: str = ""
    """What must stand on every page that they pass."""
    passed: list[str] = field(default_factory=list)

    def arrives(self, heading: str) -> None:
        """Wait for the page of that heading, and look whether it suits the person."""
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()
        self.page.evaluate(SETTLE)
        self.page.evaluate(NEXT_FRAME)
        self.passed.append(heading)
        self.shows(f"{len(self.passed):02d}")
        assert self.page.evaluate(TOO_WIDE) == [], heading
        if self.large:
            expect(self.page.locator("html")).to_have_attribute("data-text", "xlarge")
            assert self.page.evaluate(SMALL_WORDS, SMALLEST) == [], heading
        if self.says:
            expect(self.page.get_by_text(self.says)).to_be_visible()

    def shows(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture of the whole page, or of what the screen shows of it, if pictures are wanted."""
        folder, size = os.environ.get(SCREENSHOTS), self.page.viewport_size
        if not folder or size is None:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        if (
            whole
        ):  # as high as the page, so that the bar at the bottom of the screen is at the bottom of the picture
            height = max(size["height"], int(self.page.evaluate("document.scrollingElement.scrollHeight")))
            self.page.set_viewport_size({"width": size["width"], "height": height})
        self.page.screenshot(path=Path(folder) / f"story-{self.who}-{name}.png")
        self.page.set_viewport_size(size)

    def presses(self, name: str, role: Any = "button") -> None:
        """Press the first button of that name."""
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def follows(self, name: str) -> None:
        """Follow the first link of that name."""
        self.presses(name, "link")

    def chooses(self, question: str, answer: str) -> None:
        """Choose an answer to a question."""
        asked = self.page.get_by_role("group", name=question)
        asked.get_by_text(answer, exact=True).click()
        expect(asked.get_by_role("radio", checked=True)).to_have_count(1)

    def answers(self, question: str, answer: str) -> None:
        """Answer the question that stands alone on a screen."""
        self.arrives(question)
        self.presses(answer)

    def agrees(self, *titles: str) -> None:
        """Tick boxes by the words beside them."""
        for title in titles:
            box = self.page.get_by_role("checkbox", name=title)
            expect(box).not_to_be_checked()
            words: Locator = self.page.locator("label").filter(has=box)
            words.click()
            expect(box).to_be_checked()


def work(site: Site) -> None:
    """Do all that is due, as the worker would, until nothing is left."""

    def due() -> list[int]:
        with site.app.app_context():
            now = (jobs.Job.state == jobs.JobState.QUEUED) & (jobs.Job.run_after <= clock.now())
            return list(db.session.scalars(select(jobs.Job.id).where(now).order_by(jobs.Job.id)))

    def run(job_id: int) -> None:
        with site.app.app_context():
            jobs.run(job_id, "story")

    while found := contextvars.Context().run(due):
        for job_id in found:
            contextvars.Context().run(run, job_id)


def within(site: Site, do: Callable[[], Any]) -> Any:
    """Do something in the portal itself, away from what the test has open."""

    def inside() -> Any:
        with site.app.app_context():
            return do()

    return contextvars.Context().run(inside)


def texts_to(site: Site, number: str) -> list[str]:
    """Return the text messages that a number (E.164) has got, the oldest first; the worker does its part before."""
    work(site)
    outbox = Path(site.app.instance_path) / "outbox" / "sms.jsonl"
    lines = outbox.read_text(encoding="utf-8").splitlines() if outbox.exists() else []
    return [message["body"] for message in map(json.loads, lines) if message["to"] == number]
