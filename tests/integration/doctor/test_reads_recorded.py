"""Whoever is shown a finding is written down, whichever page shows it."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import event, select

from app.accounts.models import User
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.cases.models import Case, CaseState
from app.infra import storage
from tests.factories.cases import WORRYING, create_case, create_follow_up, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import FrozenClock


def reads(db: Any) -> list[tuple[str, int, int]]:
    """Which findings were read, of whom and by whom."""
    query = select(AuditEntry.target, AuditEntry.patient_id, AuditEntry.actor_id)
    return [tuple(row) for row in db.session.execute(query.where(AuditEntry.action == "finding.read"))]


def statements_of(db: Any, client: Client, address: str) -> int:
    """How many statements a page costs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(sent)


def test_the_list_of_signed_readings_records_each_finding_that_it_shows(
    desk: Client, doctor: User, db: Any
) -> None:
    shown: list[Case] = [create_case(doctor=doctor) for _ in range(3)]
    create_case()
    assert desk.get("/doctor/readings").status_code == 200
    assert sorted(reads(db)) == sorted(
        (f"finding:{case.findings[-1].public_id}", case.patient_id, doctor.id) for case in shown
    )
    assert audit.verify()[1] is None


def test_the_list_of_cases_in_hand_shows_no_finding_and_records_none(
    desk: Client, doctor: User, db: Any
) -> None:
    create_case(doctor=doctor)
    create_case(state=CaseState.READING, doctor=doctor)
    assert desk.get("/doctor/readings?tab=held").status_code == 200
    assert reads(db) == []


def test_recording_many_reads_costs_no_more_statements_than_one(desk: Client, doctor: User, db: Any) -> None:
    create_case(doctor=doctor)
    desk.get("/doctor/readings")
    one = statements_of(db, desk, "/doctor/readings")
    for _ in range(4):
        create_case(doctor=doctor)
    assert statements_of(db, desk, "/doctor/readings") == one
    assert len(reads(db)) == 1 + 1 + 5


def listed(db: Any, action: str) -> list[tuple[str, int, int]]:
    query = select(AuditEntry.target, AuditEntry.patient_id, AuditEntry.actor_id)
    return [tuple(row) for row in db.session.execute(query.where(AuditEntry.action == action))]


def test_the_names_on_a_doctors_day_are_recorded_once_a_day(
    desk: Client, doctor: User, clock: FrozenClock, db: Any
) -> None:
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday)
    sender = create_sender()
    booking = create_booking(sender, doctor)
    for address in ("/doctor/", "/doctor/agenda", "/doctor/agenda"):
        assert desk.get(address).status_code == 200
    once = (booking.topic, booking.patient_id, doctor.id)
    assert listed(db, "booking.listed") == [once]
    clock.advance(days=1)
    desk.get("/doctor/agenda?past=1")
    assert listed(db, "booking.listed") == [once] * 2
    assert audit.verify()[1] is None


def test_earlier_photos_of_the_same_lesion_are_beside_the_case_and_each_look_is_recorded(
    desk: Client, doctor: User, clock: FrozenClock, db: Any
) -> None:
    user = create_sender()
    first = create_case(user, photo_count=2, diagnosis="df", opinion=WORRYING, reason="단단합니다.")
    elsewhere = create_case(user, site="neck")
    clock.advance(hours=1)
    now = create_follow_up(user, first, state=CaseState.READING, doctor=doctor, note="더 진해졌어요")
    page = desk.get(f"/doctor/cases/{now.public_id}").text
    assert "더 진해졌어요" in page
    shown = re.findall(r'img src="(/doctor/cases/[^"]+/earlier/([^"]+))"', page)
    assert [photo_id for _, photo_id in shown] == [photo.public_id for photo in first.photos]
    assert desk.get(shown[0][0]).data == storage.get(first.photos[0].object)
    query = select(AuditEntry.target).where(
        AuditEntry.action == "photo.read", AuditEntry.actor_id == doctor.id
    )
    assert db.session.scalars(query).all() == [f"photo:{first.photos[0].public_id}"]
    other = elsewhere.photos[0].public_id
    assert desk.get(f"/doctor/cases/{now.public_id}/earlier/{other}").status_code == 404
    heatmap = f"/doctor/cases/{now.public_id}/photos/{first.photos[0].public_id}/heatmap"
    assert desk.get(heatmap).status_code == 404
