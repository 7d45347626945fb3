"""A forgotten password: by link or by code, once, and every old sign-in ends."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from flask import Flask
from flask_security.recoverable import generate_reset_password_token
from itsdangerous import TimestampSigner

from app.accounts.models import User
from tests.factories.accounts import PASSWORD, create_doctor, create_patient, last_code, sign_in, submit
from tests.harness.client import Client
from tests.integration.account.conftest import Messages

NEW = "a new one, quite long"


def link_in(message: dict[str, str]) -> str:
    found = re.search(r"https?://[^/\s]+(/reset/\S+)", message["body"])
    assert found
    return found.group(1)


def can_sign_in(app: Flask, user: User, password: str) -> bool:
    identity = str(user.mobile or user.email)
    return bool(submit(app.test_client(), "/login", identity=identity, password=password).location == "/home")


def set_new(client: Client, page: str, password: str = NEW) -> Any:
    return submit(client, page, password=password, password_confirm=password)


def test_by_link(app: Flask, client: Client, db: Any, mails: Messages) -> None:
    doctor = create_doctor()
    elsewhere = app.test_client()
    sign_in(elsewhere, doctor)
    assert submit(client, "/recover", identity=str(doctor.email)).location == "/recover/sent"
    (message,) = mails()
    assert message["to"] == doctor.email
    assert set_new(client, link_in(message)).location == "/login"
    assert can_sign_in(app, doctor, NEW)
    assert not can_sign_in(app, doctor, PASSWORD)
    assert elsewhere.get("/account").status_code == 302
    assert "비밀번호가 바뀌었습니다" in mails()[-1]["body"]


def test_a_link_is_good_once(client: Client, db: Any, mails: Messages) -> None:
    doctor = create_doctor()
    submit(client, "/recover", identity=str(doctor.email))
    link = link_in(mails()[-1])
    set_new(client, link)
    assert client.get(link).location == "/reset"
    assert client.get("/reset").location == "/recover"


def test_a_link_is_good_for_two_hours(
    app: Flask, client: Client, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = create_doctor()
    token = generate_reset_password_token(doctor)
    assert client.get(f"/reset/{token}").status_code == 200
    late = time.time() + 2 * 3600 + 5
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: int(late))
    assert client.get(f"/reset/{token}").location == "/reset"


def test_a_weak_new_password_is_refused(app: Flask, client: Client, db: Any, mails: Messages) -> None:
    doctor = create_doctor()
    submit(client, "/recover", identity=str(doctor.email))
    link = link_in(mails()[-1])
    assert "10자 이상" in set_new(client, link, "short").text
    assert "너무 흔한" in set_new(client, link, "password12").text
    assert can_sign_in(app, doctor, PASSWORD)


def test_by_code(app: Flask, client: Client, db: Any, sms: Messages) -> None:
    patient = create_patient(password=PASSWORD)
    elsewhere = app.test_client()
    sign_in(elsewhere, patient)
    assert submit(client, "/recover", identity=str(patient.mobile)).location == "/recover/code"
    code = last_code(sms)
    assert submit(client, "/recover/code", code=code, password=NEW, again=NEW).location == "/login"
    assert can_sign_in(app, patient, NEW)
    assert elsewhere.get("/account").status_code == 302


def test_a_mistyped_password_does_not_use_the_code_up(client: Client, db: Any, sms: Messages) -> None:
    patient = create_patient(password=PASSWORD)
    submit(client, "/recover", identity=str(patient.mobile))
    code = last_code(sms)
    assert "서로 다릅니다" in submit(client, "/recover/code", code=code, password=NEW, again=NEW + "!").text
    assert submit(client, "/recover/code", code=code, password=NEW, again=NEW).location == "/login"


def test_nobody_hears_of_addresses_that_nobody_has(
    client: Client, db: Any, sms: Messages, mails: Messages
) -> None:
    assert submit(client, "/recover", identity="01099998888").location == "/recover/code"
    assert submit(client, "/recover", identity="nobody@example.com").location == "/recover/sent"
    assert (sms(), mails()) == ([], [])


def test_messages_are_in_the_reader_s_language(client: Client, db: Any, mails: Messages) -> None:
    doctor = create_doctor()
    client.set_cookie("lang", "en")
    submit(client, "/recover", identity=str(doctor.email))
    link = link_in(mails()[-1])
    page = client.get(link).text
    assert 'lang="en"' in page


def test_changing_the_password_needs_the_old_one(app: Flask, client: Client, db: Any) -> None:
    patient = create_patient(password=PASSWORD)
    sign_in(client, patient, proven_at=time.time())
    fields = {"new_password": NEW, "new_password_confirm": NEW}
    assert "비밀번호가 맞지 않습니다" in submit(client, "/change", password="a wrong old one", **fields).text
    assert submit(client, "/change", password=PASSWORD, **fields).location == "/account/security"
    assert can_sign_in(app, patient, NEW)
    assert client.get("/account").status_code == 200


def test_guessing_the_old_password_ends(client: Client, db: Any) -> None:
    patient = create_patient(password=PASSWORD)
    sign_in(client, patient, proven_at=time.time())
    for _ in range(8):
        submit(
            client, "/change", password="a wrong old one", new_password=NEW, new_password_confirm="mistyped"
        )
    answer = submit(client, "/change", password=PASSWORD, new_password=NEW, new_password_confirm=NEW)
    assert "잠시 막았습니다" in answer.text


def test_who_has_no_password_sets_one_after_a_fresh_code(client: Client, db: Any, sms: Messages) -> None:
    patient = create_patient()
    sign_in(client, patient)
    assert client.get("/change").location.startswith("/confirm?next=")
    assert submit(client, "/confirm?next=/change", "/confirm", next="/change").location == "/confirm/enter"
    assert submit(client, "/confirm/enter", code=last_code(sms)).location == "/change"
    assert (
        submit(client, "/change", new_password=NEW, new_password_confirm=NEW).location == "/account/security"
    )
    db.session.expire_all()
    assert patient.verify_and_update_password(NEW)
