"""What is looked at on a page: accessibility (axe-core), nothing wider than the screen, nothing amiss in the console."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import DESKTOP, PHONE, ROOT
from tests.e2e.pages import Look
from tests.e2e.site import Site

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ("ko", "en")

RUN_AXE = """async rules => {
  const options = {resultTypes: ["violations"]};
  if (rules) options.runOnly = rules;
  const found = await axe.run(document, options);
  return found.violations.map(rule => `${rule.impact}: ${rule.id} (${rule.help}) at ` +
    rule.nodes.slice(0, 3).map(node => `${node.target.join(" ")} ${(node.any[0] || {}).message || ""}`).join(" | "));
}"""
TOO_WIDE = """() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= innerWidth) return [];
  const held = e => {  // within something that scrolls by itself, or stays where it is
    for (let up = e; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.position === "fixed" || (up !== e && style.overflowX !== "visible")) return true;
    }
    return false;
  };
  const out = [...document.body.querySelectorAll("*")].filter(
    e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1 && !held(e));
  const name = e => `${e.tagName.toLowerCase()}.${[...e.classList].join(".")} “${e.textContent.trim().slice(0, 40)}”`;
  return [`${root.scrollWidth} px`].concat(out.slice(0, 6).map(name));
}"""
BURSTING = """() => [...document.querySelectorAll(
    "button, .krds-btn, .krds-badge, .choice, .portal-nav li, .slot, .tabs__tab")]
  .filter(e => e.checkVisibility() && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
  .slice(0, 4).map(e => `${e.className || e.tagName} “${e.textContent.trim().slice(0, 40)}”`)"""
SETTLE = "() => document.fonts.ready.then(() => true)"
NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
OPEN_ALL = "() => document.querySelectorAll('main details').forEach(details => details.open = true)"


@dataclass
class Eyes:
    """One browser window that looks at page after page."""

    context: BrowserContext
    page: Page
    said: list[str] = field(default_factory=list)
    """What the page complained of in the console."""

    @classmethod
    def opened(cls, context: BrowserContext) -> Eyes:
        """Open the window."""
        context.add_init_script(path=AXE)
        eyes = cls(context, context.new_page())
        eyes.page.set_default_timeout(15_000)
        eyes.page.on("pageerror", lambda error: eyes.said.append(f"error: {error}"))
        eyes.page.on("console", eyes._hear)
        return eyes

    def _hear(self, message: Any) -> None:
        address = message.location.get("url", "")
        refused = message.text.startswith("Failed to load resource")
        # The page itself may be an error page, and live streams are not served here: both are no news.
        expected = refused and (address == self.page.url or "/events" in address)
        if message.type in ("error", "warning") and not expected:
            self.said.append(f"{message.type}: {message.text} ({address})")

    def open(self, site: Site, look: Look, language: str) -> int:
        """Open a page as the person it is for; return the status of the answer that shows it."""
        self.said.clear()
        self.page.set_viewport_size(PHONE)
        # Whatever the page before still asks for is given up: an answer to it would put its cookie over ours.
        self.page.goto("about:blank")
        self.context.clear_cookies()
        name = site.app.config["SESSION_COOKIE_NAME"]
        cookies = {"lang": language, "theme": "light", name: site.sessions[look.who]}
        self.context.add_cookies([{"name": k, "value": v, "url": site.url} for k, v in cookies.items()])
        statuses: list[int] = []

        def note(answer: Any) -> None:
            if answer.request.is_navigation_request() and not 300 <= answer.status < 400:
                statuses.append(answer.status)

        self.page.on("response", note)
        try:
            self.page.goto(site.url + look.address(site))
            if look.act is not None:
                look.act(self.page)
            self.page.evaluate(SETTLE)
        finally:
            self.page.remove_listener("response", note)
        return statuses[-1]

    def faults(self, language: str) -> list[str]:
        """Return what is wrong with the open page at phone width, unfolded, on a desk, in the dark, clearer,
        in the largest type."""
        page = self.page
        found = [f"console {said}" for said in self.said]
        shape = page.evaluate(
            "() => [document.documentElement.lang, document.title, document.querySelectorAll('h1').length]"
        )
        if shape[0] != language:
            found.append(f"lang is {shape[0]}")
        if not shape[1].replace("·", "").strip() or shape[1].strip().startswith("·"):
            found.append(f"the title is {shape[1]!r}")
        if shape[2] != 1:
            found.append(f"{shape[2]} h1")
        found += [f"too wide: {what}" for what in page.evaluate(TOO_WIDE)]
        page.evaluate(OPEN_ALL)
        found += [f"axe, {fault}" for fault in page.evaluate(RUN_AXE, None)]
        page.set_viewport_size(DESKTOP)
        page.evaluate(NEXT_FRAME)
        found += [f"too wide on a desk: {what}" for what in page.evaluate(TOO_WIDE)]
        if language == LANGUAGES[0]:  # roles and colours are the same in every language, widths are not
            found += [f"axe on a desk, {fault}" for fault in page.evaluate(RUN_AXE, None)]
        page.set_viewport_size(PHONE)
        if language == LANGUAGES[0]:
            found += self._pale()
        page.evaluate("document.documentElement.dataset.text = 'xlarge'")
        found += [f"too wide in the largest type: {what}" for what in page.evaluate(TOO_WIDE)]
        found += [f"words outside their box in the largest type: {what}" for what in page.evaluate(BURSTING)]
        return found

    def _pale(self) -> list[str]:
        """Return what stands out too little from its ground in the dark, and clearer in the dark and in the light."""
        page, found = self.page, []
        for theme, contrast in (("dark", "normal"), ("dark", "more"), ("light", "more"), ("light", "normal")):
            page.evaluate(
                "([theme, contrast]) => Object.assign(document.documentElement.dataset, {theme, contrast})",
                [theme, contrast],
            )
            page.evaluate(NEXT_FRAME)
            if (theme, contrast) != ("light", "normal"):  # that is how the page came, and was looked at
                said = page.evaluate(RUN_AXE, ["color-contrast"])
                found += [f"axe, {theme}, contrast {contrast}, {fault}" for fault in said]
        return found

    def photograph(self, folder: Path, name: str, language: str) -> None:
        """Write screenshots of the whole page that is open, as it comes: desktop and phone."""
        folder.mkdir(parents=True, exist_ok=True)
        for size, label in ((DESKTOP, "desktop"), (PHONE, "phone")):
            self.page.set_viewport_size(size)
            self.page.wait_for_load_state("networkidle")
            # As high as the page, so that the bar at the bottom of the screen is at the bottom of the picture.
            height = max(size["height"], int(self.page.evaluate("document.scrollingElement.scrollHeight")))
            self.page.set_viewport_size({"width": size["width"], "height": height})
            self.page.screenshot(path=folder / f"{name}.{language}.{label}.png")
        self.page.set_viewport_size(PHONE)
