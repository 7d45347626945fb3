"""A patient fills in a new case on a phone: nothing jumps away, nothing is counted twice, nothing typed is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.accounts import service as accounts
from app.cases import drafts
from app.cases.models import CaseState
from app.cli.drawings import lesion
from tests.e2e.conftest import PHONE
from tests.e2e.hands import answers, button
from tests.e2e.site import Site, serve
from tests.e2e.story_people import sign_in
from tests.factories.cases import create_case, create_sender

pytestmark = pytest.mark.browser

FILE = dict[str, Any]


@pytest.fixture(scope="module")
def house(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[Site]:
    """A portal with one patient, who has begun to send a photo."""
    folder = tmp_path_factory.mktemp("house")
    with serve(all_databases.url("sqlite", folder), folder / "instance", secrets) as site:
        with site.app.app_context():
            sender = create_sender()
            for name in ("photos", "place", "questions"):
                site.ids[name] = create_case(sender, state=CaseState.DRAFT).public_id
            fresh = drafts.open_draft(sender, accounts.patients_for(sender)[0].id, drafts.new_form_key())
            site.ids["nothing answered"] = fresh.public_id
            sign_in(site, "patient", sender)
        yield site


@pytest.fixture
def page(browser: Browser, house: Site) -> Iterator[Page]:
    """The patient's phone."""
    context = browser.new_context(viewport=PHONE, locale="ko-KR", base_url=house.url, has_touch=True)
    name = house.app.config["SESSION_COOKIE_NAME"]
    context.add_cookies([{"name": name, "value": house.sessions["patient"], "url": house.url}])
    opened, faults = context.new_page(), []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if said.text.startswith("htmx:") else None)
    yield opened
    context.close()
    assert faults == []


def photo(number: int, *, small: bool = False) -> FILE:
    drawn = Image.open(io.BytesIO(lesion("nv", number)))
    made = io.BytesIO()
    (drawn.resize((40, 40)) if small else drawn).save(made, "JPEG")
    return {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def put_in(page: Page, *files: FILE) -> Locator:
    """Choose files, and return the rows once each has its answer."""
    page.locator("[data-files]").set_input_files(list(files))
    rows = page.locator(".photo")
    expect(page.locator(".photo progress")).to_have_count(0)
    return rows


def test_a_refused_photo_takes_no_place(page: Page, house: Site) -> None:
    page.goto(f"/patient/cases/{house.ids['photos']}/photos")
    put_in(page, *[photo(number, small=True) for number in range(5)])
    expect(page.locator(".photo--bad")).to_have_count(5)
    put_in(page, photo(7))
    expect(page.locator('.photo:not(.photo--bad) input[name="photo_id"]')).to_have_count(2)  # one was there


def test_the_same_photo_again_is_named_and_not_shown_twice(page: Page, house: Site) -> None:
    page.goto(f"/patient/cases/{house.ids['photos']}/photos")
    before = page.locator(".photo").count()
    rows = put_in(page, photo(8))
    expect(rows).to_have_count(before + 1)
    put_in(page, photo(8))
    expect(page.locator(".photos__say")).to_have_text("이미 넣은 사진입니다.")
    expect(rows).to_have_count(before + 1)


def test_a_tap_on_the_drawing_leaves_it_where_it_is(page: Page, house: Site) -> None:
    page.goto(f"/patient/cases/{house.ids['place']}/place")
    tapped = page.locator(".body-figure--front .body-part--chest path")
    tapped.scroll_into_view_if_needed()
    before = tapped.bounding_box()
    tapped.tap()
    expect(page.locator('input[name="site"][value="chest"]')).to_be_checked()
    assert tapped.bounding_box() == before
    expect(page.locator("[data-chosen]")).to_have_text("고른 곳: 가슴")
    expect(page.locator("[data-chosen]")).to_be_in_viewport(ratio=1)


def test_another_language_keeps_what_was_typed(page: Page, house: Site) -> None:
    page.goto(f"/patient/cases/{house.ids['questions']}/answers/age")
    age = page.locator('input[name="age"]')
    age.fill("81")
    button(page, "English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(age).to_have_value("81")
    # It may have come from the draft, which keeps it too: the page's own memory is emptied a moment later.
    page.wait_for_function("sessionStorage.getItem('salpim.typed') === null")


def test_the_second_tap_of_a_trembling_hand_answers_no_other_question(page: Page, house: Site) -> None:
    address = f"/patient/cases/{house.ids['nothing answered']}/answers"
    page.goto(f"{address}/raised")
    no = page.get_by_role("button", name="아니요")
    no.click(trial=True)
    where = no.bounding_box()
    assert where is not None
    page.mouse.click(where["x"] + 20, where["y"] + 20)
    page.wait_for_selector('.answer[name="itches"]')
    page.mouse.click(where["x"] + 20, where["y"] + 20)
    page.wait_for_timeout(600)
    expect(page).to_have_url(re.compile("/answers/itches$"))
    page.get_by_role("button", name="아니요").click()
    expect(page).to_have_url(re.compile("/answers/hurts$"))


def test_what_is_typed_faster_than_the_line_is_kept_in_its_order(page: Page, house: Site) -> None:
    page.goto(f"/patient/cases/{house.ids['questions']}/answers/age")
    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(route.request.post_data or "")
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/keep", slowly)
    age = page.locator('input[name="age"]')
    with page.expect_response(lambda answer: "age=84" in (answer.request.post_data or "")):
        for typed in ("82", "83", "84"):
            age.fill(typed)
            age.dispatch_event("change")
    assert "age=82" in sent[0]
    assert "age=84" in sent[-1]
    page.unroute("**/keep")
    page.reload()
    expect(age).to_have_value("84")


def test_what_was_answered_is_there_again_after_the_browser_was_closed(page: Page, house: Site) -> None:
    address = f"/patient/cases/{house.ids['questions']}"
    page.goto(f"{address}/answers/bleeds")
    answers(page, {"bleeds": "yes"})
    page.goto(f"{address}/answers/age")
    with page.expect_response(lambda answer: answer.url.endswith("/keep")) as kept:
        page.locator('input[name="age"]').fill("83")
    assert kept.value.status == 204
    again = page.context.new_page()
    page.close()
    again.goto(f"{address}/answers/bleeds")
    expect(again.locator('.answer[value="yes"]')).to_have_attribute("aria-current", "true")
    again.goto(f"{address}/answers/age")
    expect(again.locator('input[name="age"]')).to_have_value("83")
