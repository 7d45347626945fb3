"""Many at once: one account for a number, one use of a link, of a code and of a consent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.accounts import codes, invitations, service
from app.accounts.errors import AccountError
from app.accounts.identity import parse
from app.accounts.models import Consent, ConsentKind, OneTimeCode, User
from app.extensions import db as database
from tests.factories.accounts import PASSWORD, create_invitation, create_patient

AT_ONCE = 12


def at_once(app: Flask, act: Callable[[], Any]) -> list[Any]:
    """Do the same thing many times at once; return what came back, None where it was refused."""

    def one(_: int) -> Any:
        with app.app_context():
            try:
                return act()
            except AccountError:
                return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_one_number_makes_one_account(app: Flask, db: Any) -> None:
    made = at_once(app, lambda: create_patient(mobile="+821012345678").id)
    assert len([user_id for user_id in made if user_id is not None]) == 1
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_a_link_is_used_once(app: Flask, db: Any) -> None:
    token = invitations.token_of(create_invitation())
    db.session.rollback()
    made = at_once(app, lambda: invitations.accept_invitation(token, name="이의사", password=PASSWORD).id)
    assert len([user_id for user_id in made if user_id is not None]) == 1


def test_a_code_is_right_once(app: Flask, db: Any) -> None:
    identity = parse("010-1234-5678")
    codes.request_code(codes.Purpose.SIGN_IN, identity, "ko")
    right = codes.code_of(db.session.scalars(select(OneTimeCode)).one())
    db.session.rollback()
    answers = at_once(app, lambda: codes.check_code(codes.Purpose.SIGN_IN, identity, right))
    assert answers.count(True) == 1


def test_a_consent_is_recorded_once(app: Flask, db: Any) -> None:
    user_id = create_patient().id
    db.session.rollback()

    def agree() -> int:
        user = database.session.get(User, user_id)
        assert user is not None
        assert user.patient is not None
        return len(service.give_consents(user, user.patient, [ConsentKind.AI_NOTICE]))

    assert sorted(at_once(app, agree)) == [0] * (AT_ONCE - 1) + [1]
    query = select(func.count()).select_from(Consent).where(Consent.kind == ConsentKind.AI_NOTICE)
    assert db.session.scalar(query) == 1
