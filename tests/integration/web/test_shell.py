"""The shell around every page: headers, ids, assets, language, preferences, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.web import assets
from app.web.headers import CONTENT_SECURITY_POLICY
from tests.harness.client import Client

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGES = ("/", "/privacy", "/terms", "/accessibility", "/emergencies", "/sources", "/preferences", "/nowhere")
KOREAN = re.compile(r"[가-힣]+")


def test_no_page_has_an_inline_script_or_style(client: Client) -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for path in PAGES:
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", answer.text), path


def test_an_id_sent_by_a_client_is_not_taken_over(client: Client) -> None:
    first = client.get("/", headers={"X-Request-ID": "forged"}).headers["X-Request-ID"]
    second = client.get("/").headers["X-Request-ID"]
    assert len({"forged", first, second}) == 3


def test_https_is_demanded_only_where_there_is_https(make_app: Callable[..., Flask]) -> None:
    secured = make_app(public_url="https://salpim.example").test_client().get("/healthz")
    plain = make_app().test_client().get("/healthz")
    assert "max-age=31536000" in secured.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in plain.headers


def test_assets_are_compressed_hashed_and_kept(client: Client) -> None:
    page = client.get("/").text
    address = re.search(r'href="(/assets/main-\w+\.css)"', page)
    assert address
    with (
        client.get(address[1], headers={"Accept-Encoding": "br, gzip"}) as packed,
        client.get(address[1], headers={"Accept-Encoding": "identity"}) as plain,
    ):
        assert packed.headers["Content-Encoding"] == "br"
        assert "Content-Encoding" not in plain.headers
        assert len(packed.data) < len(plain.data) / 3
        assert "immutable" in packed.headers["Cache-Control"]
        assert "Accept-Encoding" in packed.headers["Vary"]


def test_nothing_but_built_assets_is_served(client: Client) -> None:
    for name in ("manifest.json", ".stamp", "../templates/layouts/base.html", "main.css.map"):
        assert client.get(f"/assets/{name}").status_code == 404, name


def test_the_first_visit_stays_under_200_kilobytes(client: Client) -> None:
    names = json.loads((assets.DIST / "manifest.json").read_text())
    fetched = ["main.css", "main.js", "img/favicon.svg"]
    total = sum((assets.DIST / (names[name] + ".br")).stat().st_size for name in fetched)
    faces = ["fonts/shell-regular.woff2", "fonts/shell-bold.woff2"]
    total += sum((assets.DIST / names[name]).stat().st_size for name in faces)
    total += len(client.get("/").data)
    assert total < 200_000


def test_korean_first(client: Client) -> None:
    for languages, cookie, expected in (
        ("", "", "ko"),
        ("en-US,en;q=0.9", "", "en"),
        ("en-US,en;q=0.9,ko;q=0.1", "", "ko"),
        ("fr,en;q=0.8", "", "ko"),
        ("en", "ko", "ko"),
        ("ko", "en", "en"),
        ("ko", "xx", "ko"),
    ):
        client.set_cookie("lang", cookie)
        page = client.get("/", headers={"Accept-Language": languages}).text
        assert f'<html lang="{expected}"' in page, (languages, cookie)


def test_english_pages_are_english(client: Client) -> None:
    client.set_cookie("lang", "en")
    for path in PAGES:
        page = re.sub(r'<(\w+)[^>]*lang="ko"[^>]*>.*?</\1>', "", client.get(path).text)
        assert KOREAN.findall(page) == [], path


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


def _press(client: Client, **fields: str) -> Any:
    token = _token(client.get("/").text)
    return client.post("/preferences", data={"csrf_token": token, **fields})


def test_a_preference_is_kept_and_leads_back(client: Client) -> None:
    answer = _press(client, text="large", next="/terms?a=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/terms?a=1")
    assert 'data-text="large"' in client.get("/").text


def test_a_preference_chosen_on_a_form_that_came_back_leads_to_that_form(client: Client) -> None:
    token = _token(client.get("/login").text)
    refused = client.post("/login?next=/terms", data={"csrf_token": token, "identity": "", "password": ""})
    assert 'name="next" value="/login?next=/terms"' in refused.text
    assert 'data-answered-form="/login?next=/terms"' in refused.text
    lost = client.post("/nowhere", data={"csrf_token": token})
    assert 'name="next" value="/"' in lost.text


def test_a_preference_never_leads_elsewhere(client: Client) -> None:
    for address in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "x",
        "/\t/evil.example",
    ):
        assert _press(client, theme="dark", next=address).headers["Location"] == "/", address


def test_what_is_not_on_offer_is_refused(client: Client) -> None:
    for fields in ({}, {"text": "gigantic"}, {"colour": "red"}):
        assert _press(client, **fields).status_code == 400, fields


def test_a_page_left_open_too_long_is_explained(client: Client) -> None:
    answer = client.post("/preferences", data={"text": "large"})
    assert answer.status_code == 400
    assert "화면이 오래되어 보내지 못했습니다" in answer.text


def test_errors_come_as_the_caller_can_use_them(client: Client) -> None:
    page = client.get("/nowhere")
    fragment = client.get("/nowhere", headers={"HX-Request": "true"})
    data = client.get("/nowhere", headers={"Accept": "application/json"})
    assert "<html" in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert "<html" not in fragment.text
    assert "찾으시는 화면이 없습니다" in fragment.text
    assert data.get_json()["error"]["code"] == "not_found"
    assert data.get_json()["error"]["request_id"] == data.headers["X-Request-ID"]
    assert {page.status_code, fragment.status_code, data.status_code} == {404}


def test_a_crash_is_answered_even_when_the_page_itself_cannot_be_drawn(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken() -> dict[str, Any]:
        raise RuntimeError("the database is gone")

    app.context_processor(broken)
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert "119" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert "database is gone" not in answer.text


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("061-123-4567", '<a href="tel:0611234567">'),
        ("+82 61 123 4567", '<a href="tel:+82611234567">'),
        ("help@example.test", "<strong>"),
        ("061-123-4567 (평일 9시부터)", "<strong>"),
    ],
)
def test_every_page_says_how_to_reach_whoever_runs_it(
    make_app: Callable[..., Flask], contact: str, shown: str
) -> None:
    footer = make_app(contact=contact).test_client().get("/terms").text.partition('class="site-footer"')[2]
    assert f"도움이 필요하면 {shown}" in footer
    assert contact in footer


def test_without_a_contact_the_footer_promises_none(client: Client) -> None:
    assert "도움이 필요하면" not in client.get("/terms").text
