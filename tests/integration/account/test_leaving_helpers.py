"""Helpers and the data of those they help: never theirs to decide over, named where they looked, over when one leaves."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import callers, health_posts, leaving, proxies, proxy_desk, proxy_offers, service
from app.accounts.errors import NotYours
from app.accounts.identity import parse
from app.accounts.models import Departure, Patient, Sex, User
from app.accounts.policy import visible_patients
from app.accounts.proxy_access import permission_of
from app.accounts.proxy_models import (
    Granted,
    HealthPost,
    ProxyOffer,
    ProxyPermission,
    ProxyRequest,
    Relation,
    Scope,
)
from app.records import archive
from tests.factories.accounts import create_child, create_operator, sign_in
from tests.factories.cases import create_case, create_sender
from tests.factories.proxies import create_offer, create_permission, create_request, create_telephone_patient
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.integration.account.test_leaving import WAIT, erase, own

Work = Callable[[], int]
PAGES = ("log", "archive", "correct", "erase", "erase/confirm")


@pytest.fixture
def helper(app: Flask, db: Any, client: Client) -> User:
    """Somebody signed in who acts for others."""
    app.config["WTF_CSRF_ENABLED"] = False
    found = create_sender(name="박하늘")
    sign_in(client, found, proven_at=time.time())
    return found


def begun(user: User, clock: FrozenClock) -> Patient:
    """The moment after an erasing has begun, before the worker is through with it."""
    departure = leaving.ask(user, own(user))
    clock.advance(seconds=WAIT.total_seconds())
    assert leaving.begin(departure.id)
    return own(user)


def test_a_helper_neither_takes_along_nor_corrects_nor_erases(db: Any, helper: User, client: Client) -> None:
    user = create_sender()
    permission = create_permission(own(user), helper)
    without_account = create_telephone_patient(helper).patient
    create_case(user)
    client.post(f"/account/helping/{permission.public_id}/begin")
    for patient in (own(user), without_account):
        base = f"/account/data/{patient.public_id}"
        for page in PAGES:
            assert client.get(f"{base}/{page}").status_code == 404, page
        assert client.post(f"{base}/archive").status_code == 404
        assert client.post(f"{base}/erase/confirm", data={"word": "지우기"}).status_code == 404
        assert client.post(f"{base}/erase/cancel").status_code == 404
        with pytest.raises(NotYours):
            leaving.ask(helper, patient)
        with pytest.raises(NotYours):
            archive.stream(helper, patient)
    assert db.session.scalars(select(Departure)).all() == []


def test_what_is_held_of_a_child_is_its_own_from_14_on(
    db: Any, helper: User, client: Client, clock: FrozenClock
) -> None:
    child = create_child(helper)
    base = f"/account/data/{child.public_id}"
    assert client.get(f"{base}/log").status_code == 200
    clock.set(clock.now.replace(year=2033))
    sign_in(client, helper, proven_at=time.time())
    for page in PAGES[:3]:
        answer = client.get(f"{base}/{page}")
        assert (answer.status_code, answer.location) == (302, "/account/data"), page
    assert base not in client.get("/account/data").text, "nothing is offered that is refused"
    with pytest.raises(NotYours):
        archive.stream(helper, child)


def test_the_log_names_the_helper_and_knows_the_telephone_and_strangers(
    app: Flask, db: Any, helper: User, client: Client
) -> None:
    user, stranger, operator = create_sender(mobile="010-5555-1234"), create_sender(), create_operator()
    case = create_case(user)
    create_permission(own(user), helper)
    assert client.get(f"/patient/cases/{case.public_id}").status_code == 200
    for other, address in ((stranger, f"/patient/cases/{case.public_id}"), (operator, "/operator/calls")):
        door = app.test_client()
        sign_in(door, other)
        if other is operator:
            assert door.post(address, data={"mobile": "010-5555-1234"}).status_code == 200
        else:
            assert door.get(address).status_code == 404
    mine = app.test_client()
    sign_in(mine, user, proven_at=time.time())
    page = mine.get(f"/account/data/{own(user).public_id}/log").text
    assert "박하늘 (도와주는 사람)" in page
    assert "운영자" in page
    assert "전화를 받고 번호로 찾았습니다." in page
    assert "다른 이용자" in page
    assert "보호자" not in page.split("access-log", 1)[1]
    taken = mine.post(f"/account/data/{own(user).public_id}/archive", buffered=True)
    data = json.loads(zipfile.ZipFile(io.BytesIO(taken.data)).read("data.json"))
    assert ("박하늘", "helper") in {(entry["who"], entry["role"]) for entry in data["access_log"]}


def test_the_archive_says_who_may_act_for_whom(db: Any, helper: User, clock: FrozenClock) -> None:
    user, operator = create_sender(), create_operator()
    create_permission(own(user), helper)
    create_offer(user, "neighbour@example.com")
    health_posts.approve(operator, parse(str(helper.mobile)), "해남 보건진료소")
    create_request(helper, name="이막례")
    given = archive.data_of(user, own(user))
    assert [(row["helper"], row["relation"]) for row in given["helpers"]] == [("박하늘", "grandchild")]
    assert [row["address"] for row in given["helpers_asked"]] == ["neighbour@example.com"]
    assert given["helping"] == []
    held = archive.data_of(helper, own(helper))
    assert [row["patient"] for row in held["helping"]] == [user.name]
    assert [row["name"] for row in held["helping_asked"]] == ["이막례"]
    assert held["health_post"]["institution"] == "해남 보건진료소"
    proxies.revoke(permission_of(helper, own(user)).public_id, user)  # type: ignore[union-attr]
    [over] = archive.data_of(helper, own(helper))["helping"]
    assert (over["patient"], over["ended_by"]) == (None, "patient")


def test_a_patient_who_leaves_ends_every_permission(
    db: Any, helper: User, clock: FrozenClock, work: Work, sms: Any
) -> None:
    user = create_sender()
    create_case(user)
    permission = create_permission(own(user), helper)
    create_offer(user, "neighbour@example.com")
    permission_id = permission.id
    erase(user, own(user), clock, work)
    assert permission_of(helper, own(user)) is None
    row = db.session.get(ProxyPermission, permission_id)
    assert (row.revoked_how, row.revoked_by_id) == ("patient", user.id), (
        "who acted is known while a record is kept"
    )
    assert db.session.scalars(select(ProxyOffer)).all() == []
    assert any("대신 이용해 드리던 분이 살핌을 떠나셨습니다" in told["body"] for told in sms())
    clock.advance(days=6 * 366)
    assert leaving.let_go() == 1
    assert db.session.scalars(select(ProxyPermission)).all() == []


def test_a_helper_who_leaves_helps_nobody_any_more(
    db: Any, helper: User, clock: FrozenClock, work: Work, sms: Any
) -> None:
    user, operator = create_sender(), create_operator()
    create_permission(own(user), helper)
    offered = create_offer(user, "later@example.com")
    create_request(helper, name="이막례")
    health_posts.approve(operator, parse(str(helper.mobile)), "해남 보건진료소")
    erase(helper, own(helper), clock, work)
    [row] = db.session.scalars(select(ProxyPermission)).all()
    assert (row.revoked_how, row.patient_id) == ("proxy", own(user).id), "the patient's own story stays"
    assert db.session.scalars(select(ProxyRequest)).all() == []
    assert db.session.scalars(select(HealthPost)).all() == []
    assert db.session.scalars(select(ProxyOffer.id)).all() == [offered.id]
    assert any(
        told["to"] == user.mobile and "대신 이용해 주던 분이 살핌을 떠나" in told["body"] for told in sms()
    )


def test_from_the_first_moment_nobody_finds_who_is_being_erased(
    db: Any, app: Flask, helper: User, client: Client, clock: FrozenClock
) -> None:
    user, operator = create_sender(mobile="010-5555-1234"), create_operator()
    permission = create_permission(own(user), helper)
    create_offer(user, str(create_sender(email="kind@example.com").email))
    client.post(f"/account/helping/{permission.public_id}/begin")
    patient = begun(user, clock)
    number = "+821055551234"
    assert callers.find_callers(number) == []
    assert proxy_desk.permissions_of_number(operator, number) == []
    assert [one.id for one in db.session.scalars(visible_patients(helper))] == [own(helper).id]
    assert service.find_user(email="kind@example.com") is not None
    for someone in db.session.scalars(select(User).where(User.active).order_by(User.id)):
        assert proxy_offers.offers_to(someone) == []
    with pytest.raises(NotYours):
        proxies.grant(patient.id, helper.id, relation=Relation.CHILD, scope=Scope.READ, how=Granted.ACCOUNT)
    page = client.get("/patient", follow_redirects=True).text
    assert user.name not in page
    with pytest.raises(NotYours):
        callers.consent_by_telephone(operator, patient.id, callers.ASKED)


def test_a_number_is_no_way_back_to_who_was_erased(db: Any, clock: FrozenClock, helper: User) -> None:
    from datetime import date

    from app.accounts.care import unclaimed
    from app.infra.database import transaction

    patient = create_telephone_patient(helper, name="김순자").patient
    number = str(patient.mobile)
    assert [one.id for one in unclaimed(number)] == [patient.id]
    with transaction():
        patient.erased_at = clock.now
    assert unclaimed(number) == []
    assert callers.find_callers(number) == []
    anew = service.register_patient(name="김순자", birth_date=date(1948, 4, 5), sex=Sex.FEMALE, mobile=number)
    assert own(anew).id != patient.id
