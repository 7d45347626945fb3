"""Two hundred requests in the same moment, each on a connection of its own, to a portal served as people get it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from app.accounts import practice, residence
from app.accounts import service as accounts
from app.accounts.models import User
from app.cases import drafts
from app.cases.models import Case, CaseState
from app.consultations import service as consultations
from app.consultations.models import Booking, Hold
from app.infra.events import Event
from app.infra.jobs import Job
from tests.factories.accounts import create_doctor, create_patient, form_token, sign_in
from tests.factories.cases import CALM, create_photo
from tests.factories.consultations import create_pattern
from tests.factories.eligibility import SUNCHEON
from tests.harness.client import Client
from tests.harness.portal import Portal

TIMES = 200
PATIENCE = 120.0
ANY_FORM = "/patient/cases/new"
"""A page whose form token counts for every form, and is shown four times as fast as that of a booking."""
CONSENTS = {"telemedicine": "y", "ai_notice": "y"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("real_clock")]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    location: str | None
    text: str


def _browser(app: Flask, user: User) -> Client:
    made = app.test_client()
    assert isinstance(made, Client)
    sign_in(made, user)
    return made


def _cookie(browser: Client) -> str:
    found = browser.get_cookie("salpim")
    assert found is not None
    return str(found.value)


def _at_once(portal: Portal, path: str, sent: Sequence[tuple[str, dict[str, str]]]) -> list[Answer]:
    """Post each form with its cookie; nobody speaks before everybody is connected."""
    host = urlsplit(portal.url).netloc
    together = threading.Barrier(len(sent))

    def send(cookie: str, fields: dict[str, str]) -> Answer:
        connection = HTTPConnection(host, timeout=PATIENCE)
        connection.connect()
        try:
            together.wait(PATIENCE)
            kind = {"Cookie": f"salpim={cookie}", "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(fields), kind)
            response = connection.getresponse()
            return Answer(response.status, response.getheader("Location"), response.read().decode())
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sent)) as threads:
        return list(threads.map(lambda one: send(*one), sent))


def _count(db: Any, model: Any, where: Any) -> int:
    return int(db.session.scalar(db.select(db.func.count()).select_from(model).where(where)))


def _doctor() -> User:
    """A doctor who can be booked on every day, in Suncheon."""
    doctor = create_doctor()
    practice.set_practice(doctor.id, languages=["ko"], area=SUNCHEON)
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday, start_minute=540, end_minute=720, slot_minutes=30)
    return doctor


def _neighbour() -> User:
    """Somebody of the same region, whom the rules admit on whatever day this runs, and who has agreed."""
    user = create_patient()
    residence.set_area(user.patient.id, SUNCHEON)
    accounts.give_consents(user, user.patient, consultations.NEEDED)
    return user


def test_two_hundred_submissions_of_one_form_are_one_case(app: Flask, db: Any, portal: Portal) -> None:
    user = create_patient()
    browser = _browser(app, user)
    page = browser.get("/patient/cases/new").text
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert key
    token = form_token(browser, "/patient/cases/new")
    begin = (_cookie(browser), {"csrf_token": token, "form_key": key.group(1)})
    opened = _at_once(portal, "/patient/cases/new", [begin] * TIMES)
    assert {answer.status for answer in opened} == {303}
    assert len({answer.location for answer in opened}) == 1

    case = db.session.scalars(db.select(Case)).one()
    create_photo(case)
    drafts.place(user, case.public_id, "face")
    drafts.answer(user, case.public_id, CALM)
    address = f"/patient/cases/{case.public_id}"
    final = (_cookie(browser), {"csrf_token": token, **CONSENTS})
    sent = _at_once(portal, f"{address}/review", [final] * TIMES)
    assert {(answer.status, answer.location) for answer in sent} == {(303, address)}

    db.session.rollback()
    case = db.session.scalars(db.select(Case).execution_options(populate_existing=True)).one()
    assert case.state in (CaseState.SUBMITTED, CaseState.WAITING)  # the worker may have been quick
    assert _count(db, Job, Job.kind == "analyse_case") == 1
    assert _count(db, Event, Event.kind == "case.submitted") == 1
    assert accounts.missing_consents(user, case.patient) == []


def test_two_hundred_people_who_want_one_time_are_one_booking(app: Flask, db: Any, portal: Portal) -> None:
    doctor = _doctor()
    wanted, following = consultations.free_times(doctor.id, days=7)[2:4]
    at = wanted.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    forms = []
    for _ in range(TIMES):
        user = _neighbour()
        browser = _browser(app, user)
        token = form_token(browser, ANY_FORM)
        fields = {"csrf_token": token, "doctor": str(doctor.id), "at": at, "price": str(wanted.price_won)}
        forms.append((_cookie(browser), {**fields, "patient": user.patient.public_id}))

    answers = _at_once(portal, "/patient/bookings", forms)

    assert Counter(answer.status for answer in answers) == {303: 1, 409: TIMES - 1}
    db.session.rollback()
    booking = db.session.scalars(db.select(Booking)).one()
    winner = next(answer for answer in answers if answer.status == 303)
    assert winner.location == f"/patient/bookings/{booking.public_id}"
    instead = following.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert all(f'value="{doctor.id}.{instead}"' in a.text for a in answers if a.status == 409)


def test_two_hundred_people_who_choose_one_time_are_one_hold_and_one_booking(
    app: Flask, db: Any, portal: Portal
) -> None:
    """As people do it: they press a time, read and agree, and press again."""
    doctor = _doctor()
    wanted, following = consultations.free_times(doctor.id, days=7)[2:4]
    at, instead = (slot.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ") for slot in (wanted, following))
    presses, forms = [], []
    for _ in range(TIMES):
        user = _neighbour()
        browser = _browser(app, user)
        token = form_token(browser, ANY_FORM)
        presses.append((_cookie(browser), {"csrf_token": token, "time": f"{doctor.id}.{at}", "case": ""}))
        fields = {"csrf_token": token, "doctor": str(doctor.id), "at": at, "price": "0"}
        forms.append((_cookie(browser), {**fields, "patient": user.patient.public_id}))

    held = _at_once(portal, "/patient/bookings/hold", presses)
    assert Counter(answer.status for answer in held) == {303: 1, 409: TIMES - 1}
    assert all(f'value="{doctor.id}.{instead}"' in answer.text for answer in held if answer.status == 409)

    # All of them try to book it nevertheless: only the one who holds it can.
    answers = _at_once(portal, "/patient/bookings", forms)
    assert Counter(answer.status for answer in answers) == {303: 1, 409: TIMES - 1}
    statuses = [answer.status for answer in answers]
    assert statuses.index(303) == [answer.status for answer in held].index(303)
    db.session.rollback()
    assert db.session.scalars(db.select(Booking)).one().starts_at == wanted.starts_at
    assert db.session.scalars(db.select(Hold)).all() == []
