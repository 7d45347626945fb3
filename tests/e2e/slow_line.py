"""How soon a portal can be used on a slow line: `python -m tests.e2e.slow_line http://127.0.0.1:8000 [path …]`.

A fresh browser at 360 px, slowed to 400 kbit/s and 400 ms there and back (slow 3G), its processor to a quarter.
Prints for each path what came over the line and when the page stood and answered. Nothing is asserted.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import FLAGS, PHONE

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
WHEN = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const painted = performance.getEntriesByName("first-contentful-paint")[0];
  return {painted: painted ? painted.startTime : null, interactive: page.domContentLoadedEventEnd, whole: page.loadEventEnd};
}"""


def measure(browser: Browser, address: str) -> dict[str, Any]:
    """Return milliseconds until something was painted, the page could be used, everything was there; and the bytes."""
    context = browser.new_context(viewport=PHONE, locale="ko-KR")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW_3G)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    page.goto(address, wait_until="load", timeout=120_000)
    found: dict[str, Any] = page.evaluate(WHEN)
    context.close()
    return found | {"bytes": sum(sizes)}


def main(base: str, paths: list[str]) -> int:
    """Print a line for each path."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for path in paths:
            found = measure(browser, base.rstrip("/") + path)
            seconds = {
                name: round((found[name] or 0) / 1000, 1) for name in ("painted", "interactive", "whole")
            }
            print(f"{path}: {found['bytes'] / 1000:.0f} kB; seconds {seconds}")  # noqa: T201 - a command
        browser.close()
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.e2e.slow_line URL [path …]")
    sys.exit(main(sys.argv[1], sys.argv[2:] or ["/", "/login"]))
