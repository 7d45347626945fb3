"""One's own account: name and language, contacts, consents, children in one's care."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from flask import Flask

from app.accounts import service
from app.accounts.models import ConsentKind, User
from tests.factories.accounts import (
    PASSWORD,
    create_child,
    create_doctor,
    create_operator,
    create_patient,
    form_token,
    last_code,
    sign_in,
    submit,
)
from tests.harness.client import Client
from tests.integration.account.conftest import Messages


@pytest.fixture
def own(client: Client, patient: User) -> Client:
    """The patient's browser, just signed in."""
    sign_in(client, patient, proven_at=time.time())
    return client


def test_the_profile(own: Client, patient: User, db: Any) -> None:
    assert "이름을 적어 주세요" in submit(own, "/account/profile", name=" ", locale="ko").text
    assert submit(own, "/account/profile", name="  김  영희 ", locale="en").location == "/account/profile"
    db.session.expire_all()
    assert (patient.name, patient.locale) == ("김 영희", "en")
    assert patient.patient is not None
    assert patient.patient.name == "김 영희"
    submit(own, "/account/profile", name="김영희", locale="xx")
    db.session.expire_all()
    assert patient.locale == "en"


def test_an_address_is_added_once_it_is_proven(own: Client, patient: User, db: Any, mails: Messages) -> None:
    assert submit(own, "/account/contact", identity="Kim@Example.com").location == "/account/contact/code"
    db.session.expire_all()
    assert patient.email is None
    assert submit(own, "/account/contact/code", code=last_code(mails)).location == "/account/profile"
    db.session.expire_all()
    assert patient.email == "kim@example.com"


def test_the_old_number_hears_of_a_new_one(own: Client, patient: User, db: Any, sms: Messages) -> None:
    old = patient.mobile
    submit(own, "/account/contact", identity="010-7777-8888")
    submit(own, "/account/contact/code", code=last_code(sms))
    db.session.expire_all()
    assert patient.mobile == "+821077778888"
    assert sms()[-1]["to"] == old
    assert "연락처가 바뀌었습니다" in sms()[-1]["body"]


def test_someone_else_s_number_cannot_be_taken(own: Client, patient: User, db: Any, sms: Messages) -> None:
    other = create_patient()
    assert submit(own, "/account/contact", identity=str(other.mobile)).location == "/account/contact/code"
    (message,) = sms()
    assert message["to"] == other.mobile
    assert "이미 쓰이고 있어" in message["body"]
    assert "맞지 않거나" in submit(own, "/account/contact/code", code="123456").text


def test_one_contact_always_stays(own: Client, patient: User, db: Any) -> None:
    page = "/account/profile"
    submit(own, page, "/account/contact/remove/mobile")
    assert "하나는 있어야 합니다" in own.get(page).text
    patient.email = "kim@example.com"
    db.session.commit()
    submit(own, page, "/account/contact/remove/mobile")
    assert "비밀번호를 먼저" in own.get(page).text
    patient.password = service.hashed(PASSWORD)
    db.session.commit()
    submit(own, page, "/account/contact/remove/mobile")
    db.session.expire_all()
    assert (patient.mobile, patient.email) == (None, "kim@example.com")


def test_consents_are_shown_given_and_withdrawn(own: Client, patient: User, db: Any) -> None:
    assert patient.patient is not None
    kinds = [ConsentKind.AI_NOTICE]
    base = f"/account/consents/{patient.patient.public_id}/ai_notice"
    assert service.missing_consents(patient, patient.patient, kinds) == kinds
    submit(own, "/account/consents", f"{base}/give")
    assert service.missing_consents(patient, patient.patient, kinds) == kinds, "the box was not ticked"
    submit(own, "/account/consents", f"{base}/give", agree="y")
    assert service.missing_consents(patient, patient.patient, kinds) == []
    assert service.texts()[ConsentKind.AI_NOTICE].version in own.get("/account/consents").text
    submit(own, "/account/consents", f"{base}/withdraw")
    assert service.missing_consents(patient, patient.patient, kinds) == kinds
    withdrawn = [c for c in service.consents_of(patient, patient.patient) if c.kind == "ai_notice"]
    assert [c.withdrawn_at is not None for c in withdrawn] == [True]


def test_the_terms_cannot_be_withdrawn_alone(own: Client, patient: User, db: Any) -> None:
    assert patient.patient is not None
    token = form_token(own, "/account/consents")
    address = f"/account/consents/{patient.patient.public_id}/terms/withdraw"
    assert own.post(address, data={"csrf_token": token}).status_code == 404


def test_a_child_is_added_and_the_guardian_agrees_for_them(own: Client, patient: User, db: Any) -> None:
    fields = {"name": "김아이", "birth_date": "2018.05.05", "sex": "male", "relation": "mother"}
    refused = submit(own, "/account/dependents/new", **fields)
    assert "동의하셔야 등록할 수 있습니다" in refused.text
    assert submit(own, "/account/dependents/new", **fields, health_data="y").location == "/account/dependents"
    own_patient, child = service.patients_for(patient)
    assert own_patient == patient.patient
    assert (child.name, child.birth_date, child.user_id) == ("김아이", "2018-05-05", None)
    assert service.missing_consents(patient, child, [ConsentKind.HEALTH_DATA]) == []
    assert "김아이" in own.get("/account/dependents").text


def test_the_relation_to_a_child_is_chosen_and_not_assumed(own: Client, patient: User, db: Any) -> None:
    fields = {"name": "김아이", "birth_date": "20180505", "sex": "male", "health_data": "y", "relation": ""}
    assert "하나를 골라 주세요" in submit(own, "/account/dependents/new", **fields).text
    assert service.dependents_of(patient) == []
    assert not re.search(r"<option[^>]*selected[^>]*value=\"[a-z]", own.get("/account/dependents/new").text)


def test_who_is_fourteen_is_not_a_child(own: Client, patient: User, db: Any) -> None:
    fields = {"name": "김아이", "sex": "male", "relation": "mother", "health_data": "y"}
    assert "본인이 직접" in submit(own, "/account/dependents/new", **fields, birth_date="20121123").text
    assert submit(own, "/account/dependents/new", **fields, birth_date="20121124").status_code == 302


def test_a_guardianship_ends(own: Client, patient: User, db: Any) -> None:
    child = create_child(patient)
    submit(own, "/account/dependents", f"/account/dependents/{child.public_id}/end")
    assert service.dependents_of(patient) == []
    assert submit(own, "/account/dependents", f"/account/dependents/{child.public_id}/end").status_code == 404


def test_nobody_acts_for_someone_else_s_child(own: Client, db: Any) -> None:
    other = create_patient()
    child = create_child(other)
    token = form_token(own, "/account/dependents")
    for address in (
        f"/account/dependents/{child.public_id}/end",
        f"/account/consents/{child.public_id}/health_data/withdraw",
        f"/account/consents/{child.public_id}/ai_notice/give",
    ):
        assert own.post(address, data={"csrf_token": token, "agree": "y"}).status_code == 404
    assert service.dependents_of(other) == [child]


@pytest.mark.parametrize("create", [create_doctor, create_operator])
def test_doctors_and_operators_have_an_account_without_a_patient_s_part(
    client: Client, db: Any, create: Any
) -> None:
    sign_in(client, create(), proven_at=time.time())
    for page in ("/account", "/account/profile", "/account/security"):
        assert client.get(page).status_code == 200
    for page in ("/account/consents", "/account/dependents", "/account/dependents/new"):
        refused = client.get(page)
        assert refused.status_code == 403
        assert '<a href="/home"' in refused.text, "and their own pages are one press away"


def test_the_way_home_is_the_role_s_own(app: Flask, db: Any) -> None:
    for create, home in (
        (create_patient, "/patient/"),
        (create_doctor, "/doctor/"),
        (create_operator, "/operator/"),
    ):
        client = app.test_client()
        sign_in(client, create())
        assert client.get("/home").location == home
        assert client.get("/login").location.endswith("/home")
