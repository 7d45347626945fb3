"""The access log tells a person in their own words what they did, and who else did what for them."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import proxies
from app.accounts.models import User
from app.accounts.proxy_access import permissions_held
from app.audit import service as audit
from app.audit.service import Actor
from tests.factories.accounts import create_patient, last_code, sign_in, submit
from tests.factories.cases import create_case, create_sender
from tests.factories.proxies import create_offer, create_permission
from tests.harness.clock import FrozenClock
from tests.integration.account.conftest import Messages

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DETAILS = {"name": "김영희", "birth_date": "1954-03-02", "sex": "female"}
LINE = re.compile(r'access-log__who">(.*?)</p><p>(.*?)</p>')


def log_of(client: FlaskClient, owner: User, show: str = "") -> list[tuple[str, str]]:
    """Who and what of each line, the newest first."""
    assert owner.patient is not None
    page = client.get(f"/account/data/{owner.patient.public_id}/log?show={show}").text
    found = LINE.findall(html.unescape(page))
    return [(re.sub("<[^>]+>", "", who).strip(), what) for who, what in found]


@pytest.fixture
def owner(db: Any) -> User:
    return create_sender(name="김순자")


@pytest.fixture
def helper(db: Any) -> User:
    return create_patient(name="박하늘")


@pytest.fixture
def browser(client: FlaskClient, owner: User) -> FlaskClient:
    """Where the person looks into their log."""
    sign_in(client, owner)
    return client


@pytest.fixture
def helping(app: Flask, helper: User) -> FlaskClient:
    """The helper's own browser."""
    browser = app.test_client()
    sign_in(browser, helper)
    return browser


def test_signing_up_and_each_consent_are_ones_own_acts(client: FlaskClient, db: Any, sms: Messages) -> None:
    submit(client, "/sign-up", identity="010-1234-5678")
    submit(client, "/sign-up/code", code=last_code(sms))
    submit(client, "/sign-up/consents", terms="y", health_data="y")
    submit(client, "/sign-up/details", **DETAILS)
    user = db.session.query(User).one()
    lines = log_of(client, user, show="all")
    assert lines == [
        ("나", "건강에 관한 정보: 동의했습니다."),
        ("나", "이용약관: 동의했습니다."),
        ("나", "가입했습니다."),
    ]
    assert "가입했습니다." not in [what for _, what in log_of(client, user)], "nobody else did it"


def test_so_they_are_where_an_early_entry_names_a_visitor(
    app: Flask, browser: FlaskClient, owner: User
) -> None:
    assert owner.patient is not None
    before = len(log_of(browser, owner, show="all"))
    audit.act_as(Actor(role="visitor"))
    audit.record("account.created", f"user:{owner.id}", patient_id=owner.patient.id)
    audit.act_as(audit.SYSTEM)
    lines = log_of(browser, owner, show="all")
    assert ("나", "가입했습니다.") in lines
    assert len(lines) > before
    assert "가입했습니다." not in [what for _, what in log_of(browser, owner)]


def test_a_helper_who_had_the_code_read_aloud_is_said_to_have_been_permitted(
    browser: FlaskClient, helping: FlaskClient, owner: User, sms: Messages
) -> None:
    wanted = {"name": "김순자", "mobile": str(owner.mobile), "relation": "grandchild", "scope": "read"}
    code_page = str(submit(helping, "/account/helping/ask", **wanted).location)
    submit(helping, code_page, code=last_code(sms))
    said = ("박하늘 (도와주는 사람)", "불러 주신 확인 번호를 적고, 도와주어도 된다는 허락을 받았습니다.")
    assert said in log_of(browser, owner)


def test_a_helper_who_was_asked_accepts_and_may_give_up(
    browser: FlaskClient, helping: FlaskClient, owner: User, helper: User
) -> None:
    offer = create_offer(owner, str(helper.mobile))
    submit(helping, "/account/helping", f"/account/helping/offers/{offer.public_id}/accept")
    assert log_of(browser, owner)[0] == ("박하늘 (도와주는 사람)", "도와 달라는 부탁을 받아들였습니다.")
    (permission,) = permissions_held(helper)
    submit(helping, "/account/helping", f"/account/helping/{permission.public_id}/give-up")
    assert log_of(browser, owner)[0] == ("박하늘 (도와주는 사람)", "도와주기를 그만두었습니다.")


def test_a_helper_whose_permission_has_ended_is_named_as_a_former_one(
    browser: FlaskClient, helping: FlaskClient, owner: User, helper: User, clock: FrozenClock
) -> None:
    assert owner.patient is not None
    case = create_case(owner)
    assert helping.get(f"/patient/cases/{case.public_id}").status_code == 404
    clock.advance(minutes=1)
    permission = create_permission(owner.patient, helper)
    proxies.revoke(permission.public_id, owner)
    assert helping.get(f"/patient/cases/{case.public_id}").status_code == 404
    refused = [who for who, what in log_of(browser, owner) if what == "보려고 했지만 막혔습니다."]
    assert refused == ["박하늘 (예전에 도와준 사람) 막힘", "다른 이용자 막힘"], "before, they were a stranger"
