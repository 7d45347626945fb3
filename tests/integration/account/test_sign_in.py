"""Signing in: by password or code, without telling who is known, and not without end."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import attempts, service
from app.accounts.errors import Locked
from app.accounts.models import FailedAttempts, User
from app.audit.models import AuditEntry
from tests.factories.accounts import (
    PASSWORD,
    create_doctor,
    create_patient,
    form_token,
    last_code,
    sign_in,
    submit,
)
from tests.harness.client import Client
from tests.integration.account.conftest import Messages

WRONG = "적으신 내용이 맞지 않습니다"


def signed_in(client: Client) -> bool:
    return bool(client.get("/account").status_code == 200)


@pytest.mark.parametrize("typed", ["010-2000-3000", "01020003000", "+82 10-2000-3000", " Kim@Example.com "])
def test_by_number_or_address_however_written(client: Client, db: Any, typed: str) -> None:
    create_patient(mobile="+821020003000", email="kim@example.com", password=PASSWORD)
    assert submit(client, "/login", identity=typed, password=PASSWORD).location == "/home"
    assert signed_in(client)


def test_by_code(client: Client, patient: User, sms: Messages) -> None:
    assert submit(client, "/login/code", identity=str(patient.mobile)).location == "/login/code/enter"
    code = last_code(sms)
    # People write codes with a space in the middle, and some keyboards write full-width digits.
    spaced = f" {code[:3]} {code[3:]}".translate(
        {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}
    )
    assert submit(client, "/login/code/enter", code=spaced).location == "/home"
    assert signed_in(client)


def test_the_number_typed_beside_the_password_is_the_one_that_gets_the_code(
    client: Client, patient: User, sms: Messages
) -> None:
    page = client.get("/login?next=/account/profile").text
    button = re.search(r"<button[^>]*without_password[^>]*>", page)
    assert button
    assert 'formaction="/login/code"' in button[0]
    assert page.index('type="submit" class="krds-btn primary') < button.start(), "the Enter key signs in"
    typed = {"identity": str(patient.mobile), "password": "", "next": "/account/profile", "shared": "y"}
    answer = submit(client, "/login", "/login/code", without_password="1", **typed)
    assert answer.location == "/login/code/enter"
    assert submit(client, "/login/code/enter", code=last_code(sms)).location == "/account/profile"
    with client.session_transaction() as session:
        assert session["shared_device"]


def test_where_nothing_was_typed_the_number_is_asked_for_without_reproach(client: Client, db: Any) -> None:
    sent = {"identity": "", "next": "/account/profile", "without_password": "1"}
    answer = submit(client, "/login", "/login/code", **sent)
    assert answer.location == "/login/code?next=/account/profile"
    assert "적어 주세요." not in client.get(answer.location).text


def test_a_number_without_a_password_leads_to_a_code_whoever_has_it(
    app: Flask, patient: User, sms: Messages
) -> None:
    said = []
    for mobile in (str(patient.mobile), "+821099998888"):
        page = submit(app.test_client(), "/login", identity=mobile, password="", next="/account/profile").text
        assert "비밀번호를 적지 않으셨습니다" in page
        assert "이 번호로 확인 번호 받기" in page
        assert f'<input type="hidden" name="identity" value="{mobile}">' in page
        assert '<input type="hidden" name="next" value="/account/profile">' in page
        said.append(plain(page).replace(mobile, ""))
    assert said[0] == said[1]
    assert sms() == []


def test_an_address_without_a_password_is_asked_for_it(client: Client, db: Any) -> None:
    page = submit(client, "/login", identity="kim@example.com", password="").text
    assert "비밀번호를 적어 주세요." in page
    assert "이 번호로 확인 번호 받기" not in page
    assert "이 번호로 확인 번호 받기" not in client.get("/login").text


def test_a_code_for_one_purpose_is_none_for_another(client: Client, patient: User, sms: Messages) -> None:
    submit(client, "/recover", identity=str(patient.mobile))
    other = last_code(sms)
    submit(client, "/login/code", identity=str(patient.mobile))
    if last_code(sms) != other:  # one in a million
        assert "맞지 않거나" in submit(client, "/login/code/enter", code=other).text


def test_doctors_do_not_sign_in_by_code(client: Client, db: Any, mails: Messages) -> None:
    doctor = create_doctor()
    assert submit(client, "/login/code", identity=str(doctor.email)).location == "/login/code/enter"
    assert mails() == []


@pytest.mark.parametrize("page", ["/login", "/login/code"])
def test_the_way_on_is_a_page_of_ours(client: Client, db: Any, sms: Messages, page: str) -> None:
    user = create_patient(password=PASSWORD)

    def enter(wanted: str) -> str:
        client.delete_cookie("salpim")
        if page == "/login":
            answer = submit(
                client,
                f"/login?next={wanted}",
                "/login",
                identity=str(user.mobile),
                password=PASSWORD,
                next=wanted,
            )
        else:
            submit(client, f"/login/code?next={wanted}", identity=str(user.mobile), next=wanted)
            answer = submit(client, "/login/code/enter", code=last_code(sms))
        return str(answer.location)

    assert enter("/account/profile") == "/account/profile"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_on_is_never_elsewhere(client: Client, db: Any, wanted: str) -> None:
    user = create_patient(password=PASSWORD)
    answer = submit(client, "/login", identity=str(user.mobile), password=PASSWORD, next=wanted)
    reached = urljoin("http://localhost/login", answer.location or "")
    assert urlsplit(reached).netloc == "localhost"
    assert urlsplit(reached).scheme == "http"


def test_a_protected_page_leads_to_sign_in_and_back(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    answer = client.get("/account/profile")
    assert answer.location == "/login?next=/account/profile"
    page = client.get(answer.location).text
    assert 'value="/account/profile"' in page
    answer = submit(
        client, answer.location, identity=str(user.mobile), password=PASSWORD, next="/account/profile"
    )
    assert answer.location == "/account/profile"


def plain(page: str) -> str:
    """A page without what differs each time."""
    return re.sub(r'(csrf[-_]token"[^>]*(?:value|content)=")[^"]+', r"\1", page)


def test_wrong_password_and_unknown_identity_get_the_same_answer(app: Flask, db: Any) -> None:
    known = create_patient(password=PASSWORD)
    without = create_patient()
    asked = {"identity": "01099998888", "password": "not the password"}
    answers = []
    for identity in (str(known.mobile), str(without.mobile), "01099998888", "nobody@example.com"):
        browser = app.test_client()
        answer = submit(browser, "/login", **(asked | {"identity": identity}))
        assert WRONG in answer.text
        answers.append((answer.status_code, plain(answer.text).replace(identity, "")))
    assert len(set(answers)) == 1


@pytest.mark.parametrize("page", ["/login/code", "/recover", "/sign-up"])
def test_codes_are_asked_for_alike_by_known_and_unknown(app: Flask, db: Any, page: str) -> None:
    for known, unknown in (
        (create_patient().mobile, "+821099998888"),
        (create_patient(email="kim@example.com").email, "lee@example.com"),
    ):
        answers = []
        for identity in (str(known), unknown):
            browser = app.test_client()
            first = submit(browser, page, identity=identity)
            again = submit(browser, page, identity=identity)  # at once: told to wait
            answers.append(
                (
                    first.status_code,
                    first.location,
                    again.status_code,
                    plain(again.text).replace(identity, ""),
                )
            )
        assert answers[0] == answers[1]


@pytest.mark.parametrize("page", ["/login/code", "/recover"])
def test_a_void_code_does_not_tell_whether_there_is_an_account(app: Flask, db: Any, page: str) -> None:
    said = []
    for mobile in (str(create_patient().mobile), "+821099998888"):
        browser = app.test_client()
        enter = submit(browser, page, identity=mobile).location
        tries = [submit(browser, enter, code="not it", password=PASSWORD, again=PASSWORD) for _ in range(6)]
        assert "이 번호는 이제 쓸 수 없습니다" in tries[-1].text
        said.append([plain(answer.text).replace(mobile[-4:], "") for answer in tries])
    assert said[0] == said[1]


def test_known_and_unknown_cost_the_same_work(app: Flask, db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is what takes time: each sign-in that is refused hashes exactly once."""
    from passlib.context import CryptContext

    known, without = create_patient(password=PASSWORD), create_patient()
    hashed: list[str] = []
    for name in ("hash", "verify"):
        original = getattr(CryptContext, name)

        def counting(
            self: Any, *args: Any, _original: Any = original, _name: str = name, **kwargs: Any
        ) -> Any:
            hashed.append(_name)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(CryptContext, name, counting)
    for identity in (
        str(known.mobile),
        str(without.mobile),
        "01099998888",
        "nobody@example.com",
        "not an identity",
    ):
        hashed.clear()
        submit(app.test_client(), "/login", identity=identity, password="not the password")
        assert len(hashed) == 1, identity


def test_too_many_wrong_passwords_lock_for_a_while(client: Client, db: Any, clock: Any) -> None:
    user = create_patient(password=PASSWORD)
    for _ in range(attempts.LIMIT):
        assert WRONG in submit(client, "/login", identity=str(user.mobile), password="not the password").text
    locked = submit(client, "/login", identity=str(user.mobile), password=PASSWORD)
    assert "잠시 막았습니다" in locked.text
    clock.advance(minutes=15)
    assert submit(client, "/login", identity=str(user.mobile), password=PASSWORD).location == "/home"


def test_a_lock_does_not_tell_whether_there_is_an_account(app: Flask, db: Any) -> None:
    known = create_patient(password=PASSWORD)
    shown = []
    for identity in (str(known.mobile), "+821099998888"):
        browser = app.test_client()
        for _ in range(attempts.LIMIT):
            submit(browser, "/login", identity=identity, password="not the password")
        answer = submit(browser, "/login", identity=identity, password=PASSWORD)
        shown.append((answer.status_code, plain(answer.text).replace(identity, "")))
    assert shown[0] == shown[1]


def test_failures_far_apart_do_not_add_up(client: Client, db: Any, clock: Any) -> None:
    user = create_patient(password=PASSWORD)
    for _ in range(2 * attempts.LIMIT):
        submit(client, "/login", identity=str(user.mobile), password="not the password")
        clock.advance(minutes=16)
    assert submit(client, "/login", identity=str(user.mobile), password=PASSWORD).location == "/home"


def test_success_starts_the_count_anew(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    for _ in range(3):
        for _ in range(attempts.LIMIT - 1):
            submit(client, "/login", identity=str(user.mobile), password="not the password")
        assert submit(client, "/login", identity=str(user.mobile), password=PASSWORD).location == "/home"
        submit(client, "/account", "/logout")
    assert db.session.scalar(select(func.count()).select_from(FailedAttempts)) == 0


def test_many_at_once_get_no_more_tries_than_one_by_one(app: Flask, real_clock: None, db: Any) -> None:
    def one(_: int) -> bool:
        with app.app_context():
            try:
                attempts.admit("password", "mobile:+821011112222")
            except Locked:
                return False
            return True

    with ThreadPoolExecutor(16) as pool:
        admitted = sum(pool.map(one, range(48)))
    assert admitted == attempts.LIMIT


def test_sign_ins_and_failures_are_in_the_audit_log(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    submit(client, "/login", identity=str(user.mobile), password="not the password")
    submit(client, "/login", identity="01099998888", password="not the password")
    submit(client, "/login", identity=str(user.mobile), password=PASSWORD)
    submit(client, "/account", "/logout")
    query = select(AuditEntry.action, AuditEntry.target, AuditEntry.outcome).where(
        AuditEntry.action.like("sign_%")
    )
    assert db.session.execute(query.order_by(AuditEntry.number)).all() == [
        ("sign_in", f"user:{user.id}", "failed"),
        ("sign_in", "user:unknown", "failed"),
        ("sign_in", f"user:{user.id}", "done"),
        ("sign_out", f"user:{user.id}", "done"),
    ]


def test_who_was_shut_out_stays_out(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    sign_in(client, user)
    assert signed_in(client)
    user.active = False
    db.session.commit()
    assert not signed_in(client)
    assert WRONG in submit(client, "/login", identity=str(user.mobile), password=PASSWORD).text


def test_programs_get_no_answer_of_their_own(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/login").text)
    assert token
    headers = {"X-CSRFToken": token.group(1), "Accept": "application/json"}
    body = {"identity": user.mobile, "password": PASSWORD}
    assert client.post("/login", json=body, headers=headers).status_code == 415
    assert client.get("/account", headers={"Authentication-Token": user.get_auth_token()}).status_code == 302
    assert client.get(f"/account?auth_token={user.get_auth_token()}").status_code == 302
    assert client.get("/account", auth=(str(user.mobile), PASSWORD)).status_code == 302


def test_a_form_without_its_token_is_refused(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    assert client.post("/login", data={"identity": user.mobile, "password": PASSWORD}).status_code == 400


def test_floods_are_braked(make_app: Callable[..., Flask]) -> None:
    app = make_app(rate_limits=True)
    client = app.test_client()
    data = {"csrf_token": form_token(client, "/recover"), "identity": "x"}
    codes = [client.post("/recover", data=data).status_code for _ in range(21)]
    assert codes[-1] == 429
    assert 429 not in codes[:20]


def test_nobody_is_known_by_an_empty_identity(db: Any) -> None:
    create_doctor()  # has no mobile number
    assert service.find_user(mobile=None, email=None) is None
