"""A doctor looks into a photo: by buttons, by keys, by wheel and by dragging."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from app.cases import reading
from app.cases.models import CaseState
from tests.e2e.conftest import DESKTOP
from tests.e2e.site import Site, serve
from tests.e2e.story_people import sign_in
from tests.factories.accounts import create_doctor
from tests.factories.cases import create_case

pytestmark = pytest.mark.browser

STEP = 1.4


class View(NamedTuple):
    """How the photo lies on its stage: enlarged so many times, its corner at x, y (CSS pixels)."""

    scale: float
    x: float
    y: float


@pytest.fixture(scope="module")
def house(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[Site]:
    """A portal with one case in a doctor's hand, its opinion revealed."""
    folder = tmp_path_factory.mktemp("house")
    with serve(all_databases.url("sqlite", folder), folder / "instance", secrets) as site:
        with site.app.app_context():
            doctor = create_doctor()
            case = create_case(state=CaseState.READING, doctor=doctor)
            reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="likely")
            reading.reveal(case.id, doctor.id)
            site.ids["case"] = case.public_id
            sign_in(site, "doctor", doctor)
        yield site


@pytest.fixture
def page(browser: Browser, house: Site) -> Iterator[Page]:
    """The case, whole and as it opens."""
    context = browser.new_context(viewport=DESKTOP, locale="ko-KR", base_url=house.url)
    name = house.app.config["SESSION_COOKIE_NAME"]
    context.add_cookies([{"name": name, "value": house.sessions["doctor"], "url": house.url}])
    opened, faults = context.new_page(), []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(f"/doctor/cases/{house.ids['case']}")
    opened.locator("[data-stage]").scroll_into_view_if_needed()
    expect(opened.locator(".zoom__tools")).to_be_visible()
    yield opened
    context.close()
    assert faults == []


def shown(page: Page, percent: int) -> View:
    """Wait until the photo is so large, as its label says; return how it lies."""
    expect(page.locator("[data-scale]")).to_have_text(f"{percent}%")
    moved = page.locator("[data-link]").evaluate("layer => layer.style.transform")
    x, y, scale = (float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", moved))
    return View(scale, x, y)


def middle(page: Page) -> tuple[float, float]:
    """Return where the middle of the stage is in the window."""
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_buttons_enlarge_reduce_and_reset(page: Page) -> None:
    press = {what: page.locator(f'[data-zoom="{what}"]').click for what in ("in", "out", "reset")}
    press["in"]()
    assert shown(page, 140).scale == pytest.approx(STEP)
    press["in"]()
    view = shown(page, 196)
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    assert view.x == pytest.approx(box["width"] * (1 - view.scale) / 2, abs=1), (
        "the middle stays in the middle"
    )
    press["out"]()
    shown(page, 140)
    press["reset"]()
    assert shown(page, 100) == View(1, 0, 0)
    press["out"]()
    assert shown(page, 100) == View(1, 0, 0), "never smaller than the stage"


def test_a_button_lays_over_what_the_model_looked_at(page: Page) -> None:
    button, overlay = page.locator('[data-zoom="overlay"]'), page.locator("[data-overlay]")
    expect(overlay).to_be_hidden()
    button.click()
    expect(overlay).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(overlay).to_be_hidden()


def test_keys_enlarge_move_and_reset(page: Page) -> None:
    stage = page.locator("[data-stage]")
    stage.press("+")
    before = shown(page, 140)
    stage.press("ArrowRight")
    stage.press("ArrowDown")
    after = shown(page, 140)
    assert (after.x, after.y) == (before.x - 60, before.y - 60)
    stage.press("ArrowLeft")
    stage.press("ArrowUp")
    assert shown(page, 140) == before
    stage.press("-")
    assert shown(page, 100) == View(1, 0, 0)
    stage.press("+")
    stage.press("0")
    assert shown(page, 100) == View(1, 0, 0)
    top = page.evaluate("scrollY")
    stage.press("ArrowDown")  # at full size an arrow is the page's own
    page.wait_for_function("top => scrollY > top", arg=top)


def test_the_wheel_enlarges_around_the_pointer_and_at_full_size_still_scrolls_the_page(page: Page) -> None:
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    px, py = 120.0, 90.0
    page.mouse.move(box["x"] + px, box["y"] + py)
    page.mouse.wheel(0, -500)
    view = shown(page, 223)  # e^0.8
    assert (px - view.x) / view.scale == pytest.approx(px, abs=1)
    assert (py - view.y) / view.scale == pytest.approx(py, abs=1)
    page.mouse.wheel(0, 2000)
    assert shown(page, 100) == View(1, 0, 0)
    top = page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    page.wait_for_function("top => scrollY > top", arg=top)
    shown(page, 100)


def test_an_enlarged_photo_is_dragged_but_not_off_its_stage(page: Page) -> None:
    x, y = middle(page)
    page.mouse.dblclick(x, y)
    before = shown(page, 300)
    drag(page, (x, y), (x - 70, y + 40))
    after = shown(page, 300)
    assert (after.x - before.x, after.y - before.y) == pytest.approx((-70, 40), abs=1)
    drag(page, (x, y), (x + 2000, y + 2000))
    assert shown(page, 300) == View(3, 0, 0)
    page.mouse.dblclick(x, y)
    assert shown(page, 100) == View(1, 0, 0)
    drag(page, (x, y), (x - 70, y + 40))
    assert shown(page, 100) == View(1, 0, 0), "a whole photo has nowhere to go"


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move and let go."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    expect(page.locator("[data-stage]")).not_to_have_class(re.compile("is-dragging"))
