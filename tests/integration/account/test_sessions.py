"""What a sign-in means for the browser: a fresh session, an end, and limits on shared devices."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.accounts.models import EndedSession, User
from tests.factories.accounts import PASSWORD, create_patient, form_token, sign_in, submit
from tests.harness.client import Client


def enter(client: Client, user: User, **more: str) -> None:
    assert submit(client, "/login", identity=str(user.mobile), password=PASSWORD, **more).location == "/home"


def cookie_of(client: Client) -> Any:
    found = client.get_cookie("salpim")
    assert found
    return found


def with_cookie(app: Flask, value: str) -> Client:
    other = app.test_client()
    other.set_cookie("salpim", value)
    return other  # type: ignore[return-value]


def reaches_account(client: Client) -> bool:
    return bool(client.get("/account").status_code == 200)


def test_a_session_handed_to_a_victim_is_worth_nothing_to_the_attacker(app: Flask, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    attacker, victim = app.test_client(), app.test_client()
    attacker.get("/login")
    with attacker.session_transaction() as session:
        session["planted"], session["sid"], session["csrf_token"] = "by the attacker", "known-id", "known"
    planted = attacker.get_cookie("salpim")
    assert planted
    victim.set_cookie("salpim", planted.value)
    enter(victim, user)  # type: ignore[arg-type]
    assert not reaches_account(with_cookie(app, planted.value))
    with victim.session_transaction() as session:
        assert "planted" not in session
        assert session["sid"] != "known-id"
        assert session.get("csrf_token") != "known"


def test_a_cookie_that_was_kept_ends_with_the_sign_out(app: Flask, client: Client, db: Any) -> None:
    enter(client, create_patient(password=PASSWORD))
    kept = cookie_of(client).value
    assert reaches_account(with_cookie(app, kept))
    submit(client, "/account", "/logout")
    assert not reaches_account(client)
    assert not reaches_account(with_cookie(app, kept))


def test_the_list_of_ended_sessions_does_not_grow_without_end(client: Client, db: Any, clock: Any) -> None:
    user = create_patient(password=PASSWORD)
    for _ in range(3):
        enter(client, user)
        submit(client, "/account", "/logout")
        clock.advance(hours=13)
    assert len(db.session.scalars(select(EndedSession)).all()) == 1


def test_signing_out_everywhere_ends_every_other_session(app: Flask, client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    other = app.test_client()
    enter(client, user)
    enter(other, user)  # type: ignore[arg-type]
    assert submit(client, "/account/security", "/account/sign-out-everywhere").status_code == 302
    assert reaches_account(client)
    assert not reaches_account(other)  # type: ignore[arg-type]


def test_on_a_device_of_ones_own_the_cookie_stays_for_the_session_s_time(client: Client, db: Any) -> None:
    enter(client, create_patient(password=PASSWORD))
    assert cookie_of(client).expires is not None
    assert client.get_cookie("remember_token") is None


def test_on_a_shared_device_the_cookie_goes_with_the_browser(client: Client, db: Any) -> None:
    enter(client, create_patient(password=PASSWORD), shared="y")
    assert cookie_of(client).expires is None
    assert client.get_cookie("remember_token") is None


def test_a_shared_device_signs_out_after_a_while_without_anyone(client: Client, db: Any, clock: Any) -> None:
    enter(client, create_patient(password=PASSWORD), shared="y")
    for _ in range(5):
        clock.advance(minutes=9)
        assert reaches_account(client)
    clock.advance(minutes=10, seconds=1)
    answer = client.get("/account")
    assert answer.location == "/login?next=/account"
    assert "자동으로 로그아웃했습니다" in client.get("/login").text


def test_pages_that_refresh_themselves_do_not_keep_a_shared_device_signed_in(
    client: Client, db: Any, clock: Any
) -> None:
    enter(client, create_patient(password=PASSWORD), shared="y")
    for _ in range(5):
        clock.advance(minutes=2, seconds=1)
        client.get("/account", headers={"X-Background": "1"})
        client.get("/account", headers={"Accept": "text/event-stream"})
    assert not reaches_account(client)


def test_touching_the_page_keeps_it(client: Client, db: Any, clock: Any) -> None:
    enter(client, create_patient(password=PASSWORD), shared="y")
    for _ in range(4):
        clock.advance(minutes=9)
        token = client.get("/account", headers={"X-Background": "1"}).text
        token = token.split('name="csrf-token" content="')[1].split('"')[0]
        assert client.post("/keep-session", headers={"X-CSRFToken": token}).status_code == 204
    clock.advance(minutes=9)
    assert reaches_account(client)


def test_the_warning_stands_on_shared_devices_only(app: Flask, client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    enter(client, user, shared="y")
    page = client.get("/account").text
    assert 'data-module="session-timer"' in page
    assert 'data-idle-seconds="600"' in page
    own = app.test_client()
    enter(own, user)  # type: ignore[arg-type]
    assert "session-timer" not in own.get("/account").text


def test_a_device_of_ones_own_is_not_signed_out_for_being_idle(
    client: Client, patient: User, clock: Any
) -> None:
    sign_in(client, patient)
    clock.advance(hours=11)
    assert reaches_account(client)


def test_a_file_that_anyone_may_keep_carries_no_session(client: Client, db: Any, clock: Any) -> None:
    enter(client, create_patient(password=PASSWORD))
    page = client.get("/home", follow_redirects=True)
    address = re.search(r'href="(/assets/main-\w+\.css)"', page.text)
    assert address
    clock.advance(minutes=1)
    with client.get(address[1]) as asset:
        assert "public" in asset.headers["Cache-Control"]
        assert "Set-Cookie" not in asset.headers


def test_a_session_of_ones_own_device_lasts_while_it_is_used(
    app: Flask, client: Client, db: Any, clock: Any
) -> None:
    enter(client, create_patient(password=PASSWORD))
    before = cookie_of(client).value
    clock.advance(minutes=1)
    answer = client.get("/account")
    assert cookie_of(client).value != before
    assert "Expires" in answer.headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/account", headers={"X-Background": "1"}).headers


def test_pages_of_a_person_are_kept_by_nobody(client: Client, db: Any) -> None:
    enter(client, create_patient(password=PASSWORD))
    for address in (
        "/account",
        "/patient/",
        "/notices/",
        "/patient/cases/new",
        "/patient/bookings",
        "/nowhere",
    ):
        assert client.get(address).headers["Cache-Control"] == "private, no-store", address


def _signed_out_meanwhile(client: Client, page: str) -> str:
    """Open a page, lose the session (another day, another tab), and return the token the page still carries."""
    sign_in(client, create_patient())
    token = form_token(client, page)
    client.delete_cookie("salpim")
    return token


def test_a_form_sent_after_the_session_ended_leads_to_the_sign_in_and_back_to_its_page(
    client: Client, db: Any
) -> None:
    token = _signed_out_meanwhile(client, "/account/profile")
    answer = client.post("/account/profile", data={"csrf_token": token, "name": "김영희", "locale": "ko"})
    assert answer.location == "/login?next=/account/profile"
    assert "로그인하시면 그 화면으로 돌아갑니다" in client.get(answer.location).text


def test_a_form_whose_address_shows_nothing_leads_back_to_where_it_stood(client: Client, db: Any) -> None:
    token = _signed_out_meanwhile(client, "/account/security")
    form = {"csrf_token": token}
    for stood_on, back in (
        ("http://localhost/account/security", "/login?next=/account/security"),
        ("http://elsewhere.example/account/security", "/login"),
        ("http://localhost//elsewhere.example", "/login"),
    ):
        answer = client.post("/account/sign-out-everywhere", data=form, headers={"Referer": stood_on})
        assert answer.location == back


def test_a_session_that_ended_elsewhere_leads_back_too(app: Flask, client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    enter(client, user)
    token = form_token(client, "/account/profile")
    other = app.test_client()
    enter(other, user)  # type: ignore[arg-type]
    submit(other, "/account/security", "/account/sign-out-everywhere")
    answer = client.post("/account/profile", data={"csrf_token": token, "name": "김영희", "locale": "ko"})
    assert answer.location == "/login?next=/account/profile"


def test_a_script_is_told_that_the_session_ended(client: Client, db: Any) -> None:
    token = _signed_out_meanwhile(client, "/account/profile")
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        answer = client.post("/account/profile", data={"csrf_token": token}, headers=headers)
        assert answer.status_code == 401
        assert "다시 로그인해 주세요" in (answer.json["error"]["title"] if answer.is_json else answer.text)


def test_a_part_of_a_page_says_where_to_sign_in_again(client: Client) -> None:
    page = "/patient/cases/AAAAAAAAAAAAAAAAAAAA"
    for told, link in (
        (f"http://localhost{page}", f'href="/login?next={page}"'),
        (f"http://elsewhere.example{page}", 'href="/login"'),
        ("", 'href="/login"'),
    ):
        answer = client.get(f"{page}/status", headers={"HX-Request": "true", "HX-Current-URL": told})
        assert answer.status_code == 401
        assert link in answer.text


def test_a_form_for_visitors_that_is_too_old_can_be_opened_again(client: Client) -> None:
    token = form_token(client, "/login?next=/account")
    client.delete_cookie("salpim")
    answer = client.post("/login?next=/account", data={"csrf_token": token})
    assert answer.status_code == 400
    assert re.search(r'href="/login\?next=/account"[^>]*><span>화면 새로 열기', answer.text)
