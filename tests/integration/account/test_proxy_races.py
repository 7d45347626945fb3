"""Many at once: one code is one permission, and what is sent when a permission ends goes before or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.accounts import proxies, proxy_asking
from app.accounts.consents import give_consents
from app.accounts.errors import AccountError
from app.accounts.models import ConsentKind, Patient, Sex, User
from app.accounts.proxy_models import ProxyPermission, ProxyRequest
from app.extensions import db as database
from tests.factories.accounts import create_patient
from tests.factories.proxies import AGREED, code_for, create_permission, create_proven_request, create_request

AT_ONCE = 6


def at_once(app: Flask, acts: list[Any]) -> list[Any]:
    """Do all of it at the same time; return what came back, None where it was refused."""

    def one(act: Any) -> Any:
        with app.app_context():
            try:
                return act()
            except AccountError:
                return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def user(user_id: int) -> User:
    found = database.session.get(User, user_id)
    assert found is not None
    return found


def standing(db: Any) -> int:
    query = select(func.count(ProxyPermission.id)).where(ProxyPermission.revoked_at.is_(None))
    return int(db.session.scalar(query))


def test_one_code_is_one_permission(app: Flask, db: Any) -> None:
    helper, owner = create_patient(), create_patient(name="김순자", mobile="+821055557777")
    request = create_request(helper, name=owner.name, mobile=owner.mobile)
    helper_id, public_id, code = helper.id, request.public_id, code_for(request)
    db.session.rollback()
    answers = at_once(
        app, [lambda: proxy_asking.confirm(user(helper_id), public_id, code) is not None] * AT_ONCE
    )
    assert True in answers
    assert standing(db) == 1
    assert db.session.scalar(select(func.count(ProxyPermission.id))) == 1


def test_details_sent_twice_make_one_patient(app: Flask, db: Any) -> None:
    helper = create_patient()
    request = create_proven_request(helper)
    helper_id, public_id = helper.id, request.public_id
    db.session.rollback()

    def complete() -> str:
        return proxy_asking.complete(
            user(helper_id), public_id, birth_date=date(1948, 4, 5), sex=Sex.FEMALE, consents=AGREED
        ).public_id

    assert len(set(at_once(app, [complete] * AT_ONCE))) == 1
    assert db.session.scalar(select(func.count(Patient.id)).where(Patient.user_id.is_(None))) == 1


def test_asked_at_once_by_two_only_the_last_code_counts(app: Flask, db: Any) -> None:
    first, second = create_patient(), create_patient()
    ids = (first.id, second.id)
    db.session.rollback()

    def ask(helper_id: int) -> str:
        return create_request(user(helper_id), mobile="+821055557777").public_id

    made = at_once(app, [lambda: ask(ids[0]), lambda: ask(ids[1])])
    assert made.count(None) == 1
    assert db.session.scalar(select(func.count(ProxyRequest.id))) == 1


def test_what_is_done_while_it_is_taken_back_is_done_before_or_not_at_all(app: Flask, db: Any) -> None:
    helper, owner = create_patient(), create_patient()
    permission = create_permission(owner.patient, helper)
    helper_id, owner_id, patient_id = helper.id, owner.id, owner.patient.id
    public_id = permission.public_id
    db.session.rollback()

    def agree() -> int:
        patient = database.session.get(Patient, patient_id)
        assert patient is not None
        return len(give_consents(user(helper_id), patient, [ConsentKind.AI_NOTICE]))

    def revoke() -> str:
        return proxies.revoke(public_id, user(owner_id)).public_id

    answers = at_once(app, [agree, revoke, agree, agree])
    assert answers[1] == public_id
    assert standing(db) == 0
    assert at_once(app, [agree]) == [None]
