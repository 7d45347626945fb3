"""However often one form is sent, and however fast, it is one case; everyone is answered with that case."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.accounts import service as accounts
from app.accounts.models import User
from app.cases import drafts
from app.cases.models import Case, CaseState
from app.infra.events import Event
from app.infra.jobs import Job
from tests.factories.accounts import create_patient, form_token, sign_in
from tests.factories.cases import CALM, create_photo
from tests.harness.client import Client

TIMES = 200
AT_ONCE = 60
CONSENTS = {"telemedicine": "y", "ai_notice": "y"}


def _browser(app: Flask, user: User) -> Client:
    made = app.test_client()
    assert isinstance(made, Client)
    sign_in(made, user)
    return made


def _send_all(app: Flask, cookie: Any, address: str, fields: dict[str, str]) -> list[tuple[int, str | None]]:
    def send(_number: int) -> tuple[int, str | None]:
        client = app.test_client()
        client.set_cookie("salpim", cookie.value)
        answer = client.post(address, data=fields)
        return answer.status_code, answer.location

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(send, range(TIMES)))


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("real_clock")
def test_two_hundred_submissions_of_one_form_are_one_case(app: Flask, db: Any) -> None:
    user = create_patient()
    browser = _browser(app, user)
    page = browser.get("/patient/cases/new").text
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert key
    token = form_token(browser, "/patient/cases/new")
    cookie = browser.get_cookie("salpim")
    opened = _send_all(app, cookie, "/patient/cases/new", {"csrf_token": token, "form_key": key.group(1)})
    assert {status for status, _ in opened} == {303}
    assert len({where for _, where in opened}) == 1

    case = db.session.scalars(db.select(Case)).one()
    create_photo(case)
    drafts.place(user, case.public_id, "face")
    drafts.answer(user, case.public_id, CALM)
    address = f"/patient/cases/{case.public_id}"
    sent = _send_all(app, cookie, f"{address}/review", {"csrf_token": token, **CONSENTS})
    assert set(sent) == {(303, address)}

    db.session.rollback()
    case = db.session.scalars(db.select(Case).execution_options(populate_existing=True)).one()
    assert case.state == CaseState.SUBMITTED
    assert _count(db, Job, Job.kind == "analyse_case") == 1
    assert _count(db, Event, Event.kind == "case.submitted") == 1
    assert accounts.missing_consents(user, case.patient) == []


def _count(db: Any, model: Any, where: Any) -> int:
    return int(db.session.scalar(db.select(db.func.count()).select_from(model).where(where)))
