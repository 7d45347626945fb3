"""The portal on a phone: on the home screen, without a connection, in large type, and how much comes over the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.site import Site, serve

pytestmark = pytest.mark.browser

FIRST_PAGE_BYTES = 200_000


@pytest.fixture(scope="module")
def house(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[Site]:
    """A portal where nothing has happened."""
    folder = tmp_path_factory.mktemp("house")
    with serve(all_databases.url("sqlite", folder), folder / "instance", secrets) as site:
        yield site


@pytest.fixture
def context(browser: Browser, house: Site) -> Iterator[BrowserContext]:
    """A phone that was never here."""
    made = browser.new_context(viewport=PHONE, locale="ko-KR", base_url=house.url)
    yield made
    made.close()


def with_worker(page: Page) -> None:
    """Open the first page and wait until the service worker looks after it."""
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_without_a_connection_a_page_says_so_in_both_languages(context: BrowserContext) -> None:
    page = context.new_page()
    with_worker(page)
    context.set_offline(True)
    page.goto("/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("인터넷에 연결되지 않았습니다")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.krds-btn')).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )
    context.set_offline(False)
    page.get_by_role("link", name="다시 열기").click()
    expect(page.locator("header.site-header")).to_be_visible()


def test_the_worker_keeps_built_files_and_no_page(context: BrowserContext) -> None:
    page = context.new_page()
    with_worker(page)
    for address in ("/login", "/preferences", "/emergencies"):
        page.goto(address)
    kept = page.evaluate(
        """async () => {
          const names = await caches.keys();
          const all = await Promise.all(names.map(async name => (await (await caches.open(name)).keys()).map(r => r.url)));
          return all.flat().map(address => new URL(address).pathname);
        }"""
    )
    assert "/offline" in kept
    assert [path for path in kept if path != "/offline" and not path.startswith("/assets/")] == []
    assert any(path.endswith(".css") for path in kept)


def test_the_manifest_names_icons_that_are_there(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    address = page.locator('link[rel="manifest"]').get_attribute("href")
    assert address is not None
    manifest = page.request.get(address).json()
    assert manifest["name"] == "살핌"
    assert {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    touch = page.locator('link[rel="apple-touch-icon"]').get_attribute("href")
    for address in [*(icon["src"] for icon in manifest["icons"]), touch]:
        answer = page.request.get(str(address))
        assert answer.body().startswith(b"\x89PNG"), address


def test_one_tap_makes_the_type_large_and_it_stays_so(context: BrowserContext) -> None:
    page = context.new_page()
    for address in ("/", "/login", "/nothing-here"):
        context.clear_cookies()
        page.goto(address)
        before = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        switch = page.get_by_role("button", name="큰글씨")
        with page.expect_response("**/preferences"):
            switch.click()
        expect(switch).to_have_attribute("aria-pressed", "true")
        page.reload()
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == before * 2, address
        expect(switch).to_have_attribute("aria-pressed", "true")
        with page.expect_response("**/preferences"):
            switch.click()
        expect(page.locator("html")).to_have_attribute("data-text", "normal")


@pytest.mark.parametrize("address", ["/", "/login"])
def test_the_first_page_is_light(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: dict[str, float] = {}
    kinds: dict[str, str] = {}
    wire.on("Network.responseReceived", lambda told: kinds.update({told["requestId"]: told["type"]}))
    wire.on(
        "Network.loadingFinished", lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]})
    )
    page.goto(address, wait_until="networkidle")
    counted = sum(size for number, size in sizes.items() if kinds.get(number) != "Image")
    print(f"{address}: {counted / 1000:.0f} kB over the line without pictures")  # noqa: T201 - with -s, for the curious
    assert 10_000 < counted < FIRST_PAGE_BYTES
