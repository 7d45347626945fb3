"""Every page looks right on a phone: found from the URL map, so that none can be forgotten. And "back" finds it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.e2e import story
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.looking import AXE, LANGUAGES, NEXT_FRAME, OPEN_ALL, Eyes
from tests.e2e.pages import LOOKS, NOT_PAGES, Look, send, send_to
from tests.e2e.site import FAILING, Site, serve

pytestmark = pytest.mark.browser

SCREENSHOTS = "SALPIM_SCREENSHOTS"
"""A folder for screenshots; they are for looking at, and never part of the project."""


@pytest.fixture(scope="module")
def houses(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[dict[bool, Site]]:
    """A portal where nothing has happened yet (True), and one in full swing (False)."""
    with ExitStack() as stack:
        made: dict[bool, Site] = {}
        for empty, tell in ((True, story.empty_house), (False, story.full_house)):
            folder = tmp_path_factory.mktemp("house")
            site = stack.enter_context(
                serve(all_databases.url("sqlite", folder), folder / "instance", secrets)
            )
            with site.app.app_context():
                tell(site)
            made[empty] = site
        yield made


@pytest.fixture(scope="module")
def eyes(browser: Browser) -> Iterator[Eyes]:
    """One window of a phone's width."""
    assert AXE.exists(), f"{AXE} is missing: run `python frontend/build.py --dev`"
    context = browser.new_context(viewport=PHONE, locale="ko-KR", color_scheme="light")
    yield Eyes.opened(context)
    context.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_address_is_a_page_here_or_says_why_not(app: Flask) -> None:
    answering = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages = {look.endpoint for look in LOOKS} - {FAILING}
    assert not answering - pages - set(NOT_PAGES), "neither looked at nor explained (tests/e2e/pages.py)"
    assert not (pages | set(NOT_PAGES)) - answering, "no longer there"
    assert not pages & set(NOT_PAGES)


def test_states_have_names_of_their_own() -> None:
    names = [look.name for look in LOOKS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_page(houses: dict[bool, Site], eyes: Eyes, look: Look) -> None:
    faults = []
    for language in LANGUAGES:
        status = eyes.open(houses[look.empty], look, language)
        assert status == look.status, f"{language}: {status} at {eyes.page.url}"
        if folder := os.environ.get(SCREENSHOTS):
            eyes.photograph(Path(folder), look.name, language)
        faults += [f"{language}: {fault}" for fault in eyes.faults(language)]
    assert not faults, "\n".join(faults)


OF_A_REPORT = [
    look for look in LOOKS if look.name.startswith(("operator.analysis_page", "operator.analysis_compare"))
]
SIDEWAYS = """() => [...document.querySelectorAll("main, main .table-wrap, main table")]
  .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .map(e => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth} ${e.textContent.trim().slice(0, 40)}`)"""


@pytest.mark.parametrize("look", OF_A_REPORT, ids=lambda look: look.name)
def test_no_table_of_a_report_scrolls_sideways_on_a_phone(
    houses: dict[bool, Site], eyes: Eyes, look: Look
) -> None:
    for language in LANGUAGES:
        eyes.open(houses[False], look, language)
        eyes.page.evaluate(OPEN_ALL)
        assert eyes.page.evaluate(SIDEWAYS) == []
        eyes.page.evaluate("document.documentElement.dataset.text = 'xlarge'")
        eyes.page.evaluate(NEXT_FRAME)
        assert eyes.page.evaluate(SIDEWAYS) == []


def test_the_operator_s_reviews_are_no_wider_than_a_tablet_in_large_type(
    houses: dict[bool, Site], eyes: Eyes
) -> None:
    look = next(look for look in LOOKS if look.name == "operator.reviews")
    for language in LANGUAGES:
        eyes.open(houses[False], look, language)
        for width in (768, 811):
            eyes.page.set_viewport_size({"width": width, "height": 900})
            eyes.page.evaluate("document.documentElement.dataset.text = 'xlarge'")
            eyes.page.evaluate(NEXT_FRAME)
            assert eyes.page.evaluate("document.documentElement.scrollWidth") <= width, language


def test_the_button_of_a_comparison_stands_below_its_fields_as_wide_as_its_word(
    houses: dict[bool, Site], eyes: Eyes
) -> None:
    look = next(look for look in OF_A_REPORT if look.name.endswith("compared"))
    eyes.open(houses[False], look, "ko")
    eyes.page.set_viewport_size(DESKTOP)
    form = eyes.page.locator("form.compare")
    button, sides = form.locator("button"), form.locator("fieldset")
    boxes = [each.bounding_box() for each in (button, sides.nth(0), sides.nth(1))]
    pressed, left, right = (box or pytest.fail("not to be seen") for box in boxes)
    assert left["y"] == right["y"]
    assert pressed["x"] == left["x"]
    assert pressed["y"] >= left["y"] + left["height"]
    assert pressed["width"] < 160


@pytest.mark.parametrize(
    "look",
    [
        Look("patient.case_place", "patient", "wrong", {"public_id": "=begun draft"}, act=send),
        Look("operator.invitations", "operator", "wrong", act=send_to("/invitations"), status=422),
        Look(
            "doctor.case", "doctor", "wrong", {"public_id": "=unread"}, act=send_to("/first-read"), status=422
        ),
    ],
    ids=lambda look: look.endpoint,
)
def test_back_to_a_form_that_came_back_with_errors_shows_it(
    houses: dict[bool, Site], eyes: Eyes, look: Look
) -> None:
    site = houses[False]
    assert eyes.open(site, look, "ko") == look.status
    heading = eyes.page.locator("h1").inner_text()
    eyes.page.goto(f"{site.url}/emergencies")
    eyes.page.go_back()
    expect(eyes.page.locator("h1")).to_have_text(heading)
    assert eyes.page.url == site.url + look.address(site)
