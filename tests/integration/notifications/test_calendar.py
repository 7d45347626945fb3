"""Consultations in people's calendars: asked for, moved and cancelled under one name, by e-mail or as a file."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from app.accounts.models import User
from app.consultations import service as consultations
from app.consultations.models import Booking
from app.infra import messages
from app.infra.messages import Mail
from tests.factories.cases import create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import KST
from tests.integration.notifications.test_reminders import move

Work = Callable[[], int]


class Postman:
    """Takes every e-mail as it would go over the wire."""

    def __init__(self) -> None:
        self.wire: list[tuple[str, bytes]] = []

    def send(self, mail: Mail) -> None:
        self.wire.append((mail.to, messages.as_message(mail, "noreply@salpim.example").as_bytes()))

    def to(self, address: str | None) -> list[EmailMessage]:
        parsed = [
            email.message_from_bytes(raw, policy=email.policy.default)
            for to, raw in self.wire
            if to == address
        ]
        return [message for message in parsed if isinstance(message, EmailMessage)]


@pytest.fixture
def postman(app: Flask) -> Postman:
    made = Postman()
    app.extensions["salpim.mail"] = made
    return made


@pytest.fixture
def granddaughter(db: Any) -> User:
    """Somebody with a number and an e-mail address."""
    return create_sender(name="김하나", email="hana@example.test")


def invitation(message: EmailMessage) -> tuple[str, Calendar]:
    """The method that the part names, and the calendar in it."""
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert b"\r\n" in content
    assert content.replace(b"\r\n", b"").count(b"\n") == 0
    (file,) = message.iter_attachments()
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "salpim.ics")
    assert file.get_payload(decode=True) == content
    return str(part.get_param("method")), Calendar.from_ical(content)


def event_of(calendar: Calendar) -> Any:
    (event,) = calendar.walk("VEVENT")
    return event


def test_a_booking_comes_into_the_calendar_moves_there_and_goes(
    db: Any, granddaughter: User, reader: User, work: Work, postman: Postman
) -> None:
    create_pattern(reader)
    booking = create_booking(granddaughter, reader, datetime(2026, 11, 30, 14, 0, tzinfo=KST))
    work()
    move(booking, datetime(2026, 12, 3, 9, 0, tzinfo=KST))
    work()
    move(booking, datetime(2026, 12, 4, 9, 0, tzinfo=KST))
    work()
    consultations.cancel(booking.id, reader.id)
    work()
    for address in (granddaughter.email, reader.email):
        found = [invitation(message) for message in postman.to(address)]
        methods = [method for method, _ in found]
        assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
        assert [str(calendar["METHOD"]) for _, calendar in found] == methods
        events = [event_of(calendar) for _, calendar in found]
        assert {str(event["UID"]) for event in events} == {f"{booking.public_id}@127.0.0.1"}
        assert [int(event["SEQUENCE"]) for event in events] == [0, 1, 2, 3]
        assert [str(event["STATUS"]) for event in events] == [*["CONFIRMED"] * 3, "CANCELLED"]
        starts = [event.decoded("DTSTART") for event in events]
        assert [start.isoformat() for start in starts[:3]] == [
            "2026-11-30T14:00:00+09:00",
            "2026-12-03T09:00:00+09:00",
            "2026-12-04T09:00:00+09:00",
        ]


def test_the_file_knows_korean_time_rings_an_hour_before_and_says_nothing_of_health(
    db: Any, granddaughter: User, reader: User, work: Work, postman: Postman
) -> None:
    create_pattern(reader)
    booking = create_booking(granddaughter, reader)
    work()
    (message,) = postman.to(granddaughter.email)
    _method, calendar = invitation(message)
    (zone,) = calendar.walk("VTIMEZONE")
    assert str(zone["TZID"]) == "Asia/Seoul"
    event = event_of(calendar)
    assert event["DTSTART"].params["TZID"] == "Asia/Seoul"
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == -timedelta(hours=1)
    assert str(event["SUMMARY"]) == "살핌 상담"
    assert str(event["URL"]) == f"http://127.0.0.1:8000/patient/bookings/{booking.public_id}"
    assert str(event["ATTENDEE"]) == f"mailto:{granddaughter.email}"
    said = calendar.to_ical().decode() + str(message)
    assert not [word for word in ("피부", "김하나", "이의사", "병변", "사진") if word in said]


def test_a_doctor_s_entry_leads_to_their_agenda(
    db: Any, granddaughter: User, reader: User, work: Work, postman: Postman
) -> None:
    create_pattern(reader)
    create_booking(granddaughter, reader)
    work()
    (message,) = postman.to(reader.email)
    assert str(event_of(invitation(message)[1])["URL"]) == "http://127.0.0.1:8000/doctor/agenda"


def test_other_notices_carry_no_file(
    db: Any, granddaughter: User, reader: User, work: Work, postman: Postman, clock: Any
) -> None:
    create_pattern(reader)
    create_booking(granddaughter, reader, datetime(2026, 11, 30, 14, 0, tzinfo=KST))
    work()
    clock.set(datetime(2026, 11, 29, 18, 0, tzinfo=KST))
    work()
    assert len(postman.to(granddaughter.email)) == 1, "the reminder comes by text message"


def test_without_e_mail_the_file_is_there_to_download(
    db: Any, sender: User, reader: User, enter: Callable[[User], Client]
) -> None:
    create_pattern(reader)
    booking = create_booking(sender, reader, datetime(2026, 11, 30, 14, 0, tzinfo=KST))
    address = f"/patient/bookings/{booking.public_id}"
    client = enter(sender)
    assert f'href="{address}/calendar.ics"' in client.get(address).text
    answer = client.get(f"{address}/calendar.ics")
    assert answer.mimetype == "text/calendar"
    assert "salpim.ics" in answer.headers["Content-Disposition"]
    calendar = Calendar.from_ical(answer.data)
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert int(event_of(calendar)["SEQUENCE"]) == 0
    move(booking, datetime(2026, 12, 3, 9, 0, tzinfo=KST))
    db.session.rollback()
    again = event_of(Calendar.from_ical(client.get(f"{address}/calendar.ics").data))
    assert int(again["SEQUENCE"]) == 1
    assert again["UID"] == event_of(calendar)["UID"]
    assert enter(create_sender()).get(f"{address}/calendar.ics").status_code == 404


def test_a_cancelled_booking_s_file_takes_the_entry_away(
    db: Any, sender: User, reader: User, enter: Callable[[User], Client]
) -> None:
    create_pattern(reader)
    booking = create_booking(sender, reader)
    consultations.cancel(booking.id, sender.id)
    answer = enter(sender).get(f"/patient/bookings/{booking.public_id}/calendar.ics")
    assert str(event_of(Calendar.from_ical(answer.data))["STATUS"]) == "CANCELLED"
    assert db.session.scalar(select(Booking.state)) == "cancelled"
