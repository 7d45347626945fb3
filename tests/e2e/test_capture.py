"""A patient photographs a mole: with the live camera, without one, and over a line that breaks in the middle."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import request
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import select

from app.cases import photos
from app.cases.models import Case, CaseState, Photo
from app.extensions import db
from tests.e2e.conftest import FLAGS, PHONE
from tests.e2e.looking import AXE, RUN_AXE, TOO_WIDE
from tests.e2e.site import Site, serve
from tests.e2e.story_people import sign_in
from tests.factories.accounts import create_child
from tests.factories.cases import create_case, create_sender
from tests.harness.line import Line, line_to

pytestmark = pytest.mark.browser

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
NO_CAMERA = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"]
SCREENSHOTS = "SALPIM_SCREENSHOTS"


@pytest.fixture(scope="module")
def house(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[Site]:
    """A portal with one patient, who has begun to send photos."""
    folder = tmp_path_factory.mktemp("house")
    with serve(all_databases.url("sqlite", folder), folder / "instance", secrets) as site:
        with site.app.app_context():
            sender = create_sender()
            for name in ("camera", "skipping", "none", "line", "closed"):
                site.ids[name] = create_case(sender, state=CaseState.DRAFT, photo_count=0).public_id
            child = create_child(sender)
            forgotten = create_case(sender, state=CaseState.DRAFT, photo_count=0, patient=child)
            site.ids["forgotten"] = forgotten.public_id
            sign_in(site, "patient", sender)
        offsets: list[int] = []
        site.ids["offsets"] = offsets

        def note() -> None:
            if request.method == "PATCH":
                offsets.append(int(request.headers["Upload-Offset"]))

        site.app.before_request(note)
        yield site


@pytest.fixture(scope="module")
def launch(browser: Browser) -> Iterator[Callable[[list[str]], Browser]]:
    """Return a function that starts a Chromium with flags of its own."""
    with_flags: dict[str, Browser] = {}

    def start(flags: list[str]) -> Browser:
        key = " ".join(flags)
        if key not in with_flags:
            kind = browser.browser_type
            path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            with_flags[key] = kind.launch(executable_path=path, args=[*FLAGS, *flags])
        return with_flags[key]

    yield start
    for each in with_flags.values():
        each.close()


@pytest.fixture
def phone(house: Site) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that gives the patient a phone, reaching the portal at an address."""
    made: list[BrowserContext] = []

    def give(browser: Browser, url: str = house.url, size: dict[str, int] = PHONE) -> BrowserContext:
        context = browser.new_context(viewport=size, locale="ko-KR", base_url=url, has_touch=True)
        name = house.app.config["SESSION_COOKIE_NAME"]
        context.add_cookies([{"name": name, "value": house.sessions["patient"], "url": url}])
        made.append(context)
        return context

    yield give
    for context in made:
        context.close()


def photos_of(house: Site, name: str) -> list[Photo]:
    with house.app.app_context():
        query = select(Photo).join(Photo.case).where(Case.public_id == house.ids[name]).order_by(Photo.id)
        return list(db.session.scalars(query))


def address(house: Site, name: str) -> str:
    return f"/patient/cases/{house.ids[name]}/photos"


def look(page: Page, name: str) -> None:
    if folder := os.environ.get(SCREENSHOTS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"capture-{name}.png")


def open_camera(page: Page) -> Any:
    page.get_by_role("button", name="사진 찍기", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_one_from_afar_and_one_from_close_by_with_the_live_camera(
    house: Site, phone: Callable[..., BrowserContext], launch: Callable[[list[str]], Browser]
) -> None:
    context = phone(launch(CAMERA))
    context.add_init_script(path=AXE)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(address(house, "camera"))
    dialog = open_camera(page)
    expect(dialog.get_by_role("heading", name="멀리서 한 장")).to_be_focused()
    expect(dialog.get_by_role("status")).not_to_be_empty()
    look(page, "overview")
    assert page.evaluate(RUN_AXE, None) == []
    dialog.get_by_role("button", name="사진 찍기").click()
    expect(dialog.get_by_role("heading", name="이 사진을 쓸까요?")).to_be_focused()
    look(page, "taken")
    dialog.get_by_role("button", name="다시 찍기").click()
    page.keyboard.press("Tab")  # by the keyboard as well
    shutter = dialog.get_by_role("button", name="사진 찍기")
    box = shutter.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 72
    shutter.press("Enter")
    dialog.get_by_role("button", name="이 사진 쓰기").click()
    expect(dialog.get_by_role("heading", name="가까이에서 한 장")).to_be_focused()
    expect(dialog.get_by_role("status")).not_to_be_empty()
    look(page, "closeup")
    page.set_viewport_size({"width": 780, "height": 360})
    look(page, "landscape")
    assert page.evaluate(TOO_WIDE) == []
    expect(shutter).to_be_in_viewport(ratio=1)
    page.set_viewport_size(PHONE)
    page.evaluate("document.documentElement.dataset.text = 'xlarge'")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(RUN_AXE, None) == []
    look(page, "largest")
    shutter.click()
    dialog.get_by_role("button", name="이 사진 쓰기").click()
    expect(dialog.get_by_role("heading", name="가까이에서 한 장")).to_be_focused()  # whatever else there is
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator('.photo input[name="photo_id"]')).to_have_count(2, timeout=60_000)
    assert page.locator("video").evaluate("video => video.srcObject") is None
    assert [photo.view for photo in photos_of(house, "camera")] == ["overview", "closeup"]
    look(page, "list")
    assert faults == []


def test_the_overview_can_be_skipped(
    house: Site, phone: Callable[..., BrowserContext], launch: Callable[[list[str]], Browser]
) -> None:
    page = phone(launch(CAMERA)).new_page()
    page.goto(address(house, "skipping"))
    page.get_by_role("button", name="이 사진은 건너뛰기").click()
    expect(page.get_by_role("heading", name="가까이에서 한 장")).to_be_focused()
    dialog = open_camera(page)
    expect(dialog.get_by_role("heading", name="가까이에서 한 장")).to_be_visible()
    dialog.get_by_role("button", name="사진 찍기").click()
    dialog.get_by_role("button", name="이 사진 쓰기").click()
    dialog.get_by_role("button", name="닫기").click()
    expect(page.locator('.photo input[name="photo_id"]')).to_have_count(1, timeout=60_000)
    assert [photo.view for photo in photos_of(house, "skipping")] == ["closeup"]


def test_where_the_camera_is_blocked_the_phone_s_own_and_files_remain(
    house: Site, phone: Callable[..., BrowserContext], launch: Callable[[list[str]], Browser]
) -> None:
    context = phone(launch(NO_CAMERA))
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto(address(house, "none"))
    page.get_by_role("button", name="사진 찍기", exact=True).click()
    expect(page.locator(".photos__say")).to_contain_text("카메라 사용이 막혀 있습니다.")
    own = page.get_by_label("휴대전화 카메라 열기")
    expect(own).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_hidden()
    look(page, "denied")
    assert page.evaluate(RUN_AXE, None) == []
    own.set_input_files([drawn(5, 600)])
    expect(page.locator('.photo input[name="photo_id"]')).to_have_count(1, timeout=60_000)
    assert [photo.view for photo in photos_of(house, "none")] == ["overview"]


def drawn(seed: int, side: int) -> dict[str, Any]:
    """A photo that cannot be made small: noise, as cameras see it in the dark."""
    picture = Image.effect_noise((side, side), 60 + seed).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return {"name": "mole.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.fixture
def line(house: Site) -> Iterator[Line]:
    """The patient's line to the portal."""
    port = urlsplit(house.url).port
    assert port is not None
    with line_to(port) as opened:
        yield opened


def same_bytes(house: Site, name: str, sent: dict[str, Any]) -> bool:
    """Say whether the photo was made of the very bytes that were sent."""
    (photo,) = photos_of(house, name)
    with house.app.app_context():
        return photo.upload_sha256 == photos.fingerprint(sent["buffer"])


def test_a_line_that_breaks_in_the_middle_costs_nothing_of_what_has_arrived(
    house: Site, phone: Callable[..., BrowserContext], browser: Browser, line: Line
) -> None:
    photo = drawn(1, 1800)
    assert len(photo["buffer"]) > 1_500_000
    offsets = house.ids["offsets"]
    offsets.clear()
    context = phone(browser, line.url)
    page = context.new_page()
    page.goto(address(house, "line"))
    line.break_after(900_000)
    page.locator("[data-files]").set_input_files([photo])
    assert line.cut.wait(60)
    context.set_offline(True)
    expect(page.locator(".photo--held")).to_contain_text(
        "다시 이어지면 남은 것부터 보냅니다.", timeout=60_000
    )
    look(page, "held")
    before = len(offsets)
    line.mend()
    context.set_offline(False)  # nobody presses anything
    expect(page.locator('.photo input[name="photo_id"]')).to_have_count(1, timeout=60_000)
    assert offsets[0] == 0
    assert offsets[before] > 700_000, "it went on where it broke off, within a piece"
    assert offsets.count(0) == 1
    assert same_bytes(house, "line", photo)


def test_a_photo_half_sent_goes_on_by_itself_when_the_page_is_opened_again(
    house: Site, phone: Callable[..., BrowserContext], browser: Browser, line: Line
) -> None:
    photo = drawn(2, 1800)
    offsets = house.ids["offsets"]
    offsets.clear()
    context = phone(browser, line.url)
    page = context.new_page()
    page.goto(address(house, "closed"))
    line.break_after(900_000)
    page.locator("[data-files]").set_input_files([photo])
    assert line.cut.wait(60)
    kept = page.evaluate(
        "Object.entries(localStorage).filter(([name]) => name.startsWith('tus::')).flat().join(' ')"
    )
    assert "mole" not in kept, "what the browser notes says nothing of the file"
    assert kept
    page.close()
    line.mend()
    again = context.new_page()
    again.goto(address(house, "closed"))
    expect(again.locator(".photos__say")).to_have_text("지난번에 다 보내지 못한 사진을 이어서 보냅니다.")
    expect(again.locator('.photo input[name="photo_id"]')).to_have_count(1, timeout=60_000)
    assert offsets.count(0) == 1, "not from the start"
    assert same_bytes(house, "closed", photo)
    again.reload()
    expect(again.locator(".photo")).to_have_count(1)
    expect(again.locator(".photos__say")).to_be_empty()


def test_where_nothing_was_kept_the_same_file_chosen_again_goes_on(
    house: Site, phone: Callable[..., BrowserContext], browser: Browser, line: Line
) -> None:
    photo = drawn(3, 1800)
    offsets = house.ids["offsets"]
    offsets.clear()
    context = phone(browser, line.url)
    page = context.new_page()
    page.route("**/photos", without_key)
    page.goto(address(house, "forgotten"))
    line.break_after(900_000)
    page.locator("[data-files]").set_input_files([photo])
    assert line.cut.wait(60)
    page.close()
    line.mend()
    again = context.new_page()
    again.goto(address(house, "forgotten"))
    expect(again.locator(".shot.is-now")).to_be_visible()
    expect(again.locator(".photo")).to_have_count(0)
    again.locator("[data-files]").set_input_files([photo])
    expect(again.locator('.photo input[name="photo_id"]')).to_have_count(1, timeout=60_000)
    assert offsets.count(0) == 1, "not from the start"
    assert same_bytes(house, "forgotten", photo)


def without_key(route: Route) -> None:
    """The page as a shared device gets it."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r' data-keep-key="[^"]+"', "", answer.text()))
