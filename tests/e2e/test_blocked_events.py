"""Where something on the way lets no server-sent events through, a page that waits still changes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app.cases.models import Case, CaseState
from app.extensions import db
from tests.e2e.conftest import PHONE
from tests.e2e.site import Site, serve
from tests.e2e.story_people import sign_in
from tests.factories.accounts import create_doctor
from tests.factories.cases import analyse, create_case, create_sender, take

pytestmark = pytest.mark.browser

SOON = 45_000
"""Less than the minute after which the page asks again in any case; the polling takes some ten seconds."""


@pytest.fixture
def site(all_databases: Any, secrets: dict[str, str], tmp_path: Path) -> Iterator[Site]:
    """A portal in which events are served: only the way to them is blocked."""
    with serve(all_databases.url("sqlite", tmp_path), tmp_path / "instance", secrets, live_streams=4) as site:
        yield site


def _case(case_id: int) -> Case:
    found = db.session.get(Case, case_id)
    assert found is not None
    return found


def test_the_page_of_a_case_changes_though_no_event_arrives(site: Site, browser: Browser) -> None:
    with site.app.app_context():
        sender = create_sender()
        case = create_case(sender, state=CaseState.SUBMITTED)
        address, case_id = f"{site.url}/patient/cases/{case.public_id}", case.id
        sign_in(site, "patient", sender)
    context = browser.new_context(viewport=PHONE, locale="ko-KR")
    try:
        name = site.app.config["SESSION_COOKIE_NAME"]
        context.add_cookies([{"name": name, "value": site.sessions["patient"], "url": site.url}])
        page, blocked = context.new_page(), []
        page.route("**/events*", lambda route: (blocked.append(route.request.url), route.abort()))
        page.goto(address)
        live = page.locator("#case-live")
        expect(live).to_contain_text("사진 확인 중")
        with site.app.app_context():
            analyse(_case(case_id))
        expect(live).to_contain_text("의사를 기다리는 중", timeout=SOON)
        assert blocked, "nothing was kept from the page: this test proved nothing"
        with site.app.app_context():
            take(_case(case_id), create_doctor())
        expect(live).to_contain_text("의사가 읽는 중", timeout=SOON)
    finally:
        context.close()


def test_a_page_whose_reader_was_signed_out_asks_once_and_says_what_to_do(
    site: Site, browser: Browser
) -> None:
    with site.app.app_context():
        sender = create_sender()
        case = create_case(sender, state=CaseState.SUBMITTED)
        sign_in(site, "patient", sender)
    context = browser.new_context(viewport=PHONE, locale="ko-KR")
    try:
        name = site.app.config["SESSION_COOKIE_NAME"]
        context.add_cookies([{"name": name, "value": site.sessions["patient"], "url": site.url}])
        page, asked = context.new_page(), []
        page.clock.install()
        page.on("request", lambda request: asked.append(request.url) if "/status" in request.url else None)
        page.route("**/events*", lambda route: route.abort())
        page.goto(f"{site.url}/patient/cases/{case.public_id}")
        expect(page.locator("#case-live")).to_contain_text("사진 확인 중")
        context.clear_cookies(name=name)
        page.clock.run_for(61_000)
        link = page.locator("#messages").get_by_role("link", name="로그인")
        expect(link).to_have_attribute("href", f"/login?next=/patient/cases/{case.public_id}")
        before = len(asked)
        assert before > 0
        page.clock.run_for(600_000)
        assert len(asked) == before
    finally:
        context.close()
