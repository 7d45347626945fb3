"""By which ways people are told: what they have, what they chose, 알림톡 first, and a number without an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import ConsentKind, User
from app.cases.models import CaseState
from app.infra.database import transaction
from app.infra.messages import Alimtalk, AlimtalkRefused
from app.notifications import choices
from app.notifications.choices import channels_for
from app.notifications.models import Channel, Choice, Delivery, Form, Notice, NoticeKind
from tests.factories.accounts import create_child
from tests.factories.cases import create_case, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import KST, FrozenClock

Work = Callable[[], int]
Sent = Callable[[], list[dict[str, Any]]]
BOTH, BY_SMS, BY_MAIL = [Channel.SMS, Channel.EMAIL], [Channel.SMS], [Channel.EMAIL]
FINDING, MADE, URGENT = NoticeKind.FINDING_SIGNED, NoticeKind.BOOKING_MADE, NoticeKind.CASE_URGENT


@pytest.fixture
def reachable(db: Any) -> User:
    """Somebody with a number and an e-mail address."""
    return create_sender(email="hana@example.test")


@pytest.mark.parametrize(
    ("choice", "kind", "expected"),
    [
        (None, FINDING, BY_SMS),
        (None, MADE, BOTH),
        (Choice.USUAL, MADE, BOTH),
        (Choice.BOTH, FINDING, BOTH),
        (Choice.SMS, MADE, BY_SMS),
        (Choice.EMAIL, FINDING, BY_MAIL),
        (Choice.EMAIL, URGENT, BOTH),
        (Choice.SMS, NoticeKind.BOOKING_CANCELLED, BOTH),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_people_are_told_as_they_chose_and_of_what_is_urgent_every_way(
    reachable: User, choice: Choice | None, kind: NoticeKind, expected: list[Channel]
) -> None:
    if choice is not None:
        choices.choose(reachable.id, choice)
    assert channels_for(reachable, kind) == expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("choice", Choice)
def test_nobody_is_ever_told_nothing(sender: User, reader: User, choice: Choice) -> None:
    for person, only in ((sender, BY_SMS), (reader, BY_MAIL)):
        choices.choose(person.id, choice)
        assert all(channels_for(person, kind) == only for kind in NoticeKind)


def test_the_choice_is_made_on_a_page_and_kept(
    reachable: User, sender: User, enter: Callable[[User], Client]
) -> None:
    client = enter(reachable)
    assert "알림 받는 방법" in client.get("/account").text
    assert 'value="usual" id="choice-1" checked' in client.get("/notices/channels").text
    assert client.post("/notices/channels", data={"choice": "email"}).status_code == 303
    assert choices.choice_of(reachable.id) == Choice.EMAIL
    assert client.post("/notices/channels", data={"choice": "nothing"}).status_code == 200
    assert choices.choice_of(reachable.id) == Choice.EMAIL
    alone = enter(sender)
    assert "연락처를 하나 더" in alone.get("/notices/channels").text
    alone.post("/notices/channels", data={"choice": "email"})
    assert choices.choice_of(sender.id) == Choice.USUAL


class Kakao:
    """A gateway for 알림톡 that knows some numbers."""

    def __init__(self) -> None:
        self.accepted: list[Alimtalk] = []
        self.unknown: set[str | None] = set()

    def send(self, message: Alimtalk) -> None:
        if message.to in self.unknown:
            raise AlimtalkRefused
        self.accepted.append(message)


@pytest.fixture
def kakao(app: Flask) -> Kakao:
    made = Kakao()
    app.extensions["salpim.alimtalk"] = made
    return made


def _deliveries(db: Any) -> list[Delivery]:
    db.session.rollback()
    query = select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def test_kakaotalk_is_tried_first_and_a_text_message_goes_where_it_is_refused(
    db: Any, sender: User, reader: User, work: Work, sent: Sent, kakao: Kakao
) -> None:
    create_pattern(reader)
    create_booking(sender, reader)
    work()
    (message,) = kakao.accepted
    assert message.template == "SALPIM_BOOKING_MADE"
    assert message.variables["when"] == "11월 23일 월요일 오후 2:00"
    assert message.variables["when"] in message.text
    assert [m for m in sent() if m["to"] == sender.mobile] == []
    other = create_sender()
    kakao.unknown = {other.mobile}
    create_case(other, state=CaseState.WAITING)
    work()
    (sms,) = [m for m in sent() if m["to"] == other.mobile]
    assert (sms["form"], sms["bytes"]) == ("SMS", len(sms["body"].encode("euc-kr")))
    by_phone = [d for d in _deliveries(db) if d.channel == Channel.SMS]
    assert [d.form for d in by_phone] == [Form.ALIMTALK, Form.SMS]
    assert [d.template for d in by_phone] == ["SALPIM_BOOKING_MADE", "SALPIM_CASE_RECEIVED"]


def test_what_is_too_long_for_one_message_is_recorded_as_a_long_one(
    db: Any, sender: User, reader: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.infra import messages

    monkeypatch.setattr(messages, "SMS_BYTES", 60)
    create_pattern(reader)
    create_booking(sender, reader)
    work()
    delivery = next(d for d in _deliveries(db) if d.channel == Channel.SMS)
    assert delivery.size is not None
    assert delivery.size > 60
    assert delivery.form == Form.LMS


def test_a_patient_with_a_number_and_no_account_is_told_there(
    db: Any, sender: User, reader: User, work: Work, sent: Sent
) -> None:
    mother = create_child(sender, name="박순례")
    with transaction():
        mother.mobile = "+821099990000"
    create_case(sender, state=CaseState.WAITING, patient=mother)
    work()
    to_her = [m["body"] for m in sent() if m["to"] == "+821099990000"]
    assert to_her == ["살핌: 보내 주신 내용을 잘 받았습니다. 답이 오면 다시 알려 드립니다."]
    notice = db.session.scalar(select(Notice).where(Notice.user_id.is_(None)))
    assert notice.patient_id == mother.id
    assert [m["to"] for m in sent()].count(sender.mobile) == 1
    create_case(sender, state=CaseState.WAITING)
    work()
    assert len([m for m in sent() if m["to"] == "+821099990000"]) == 1, "who has an account is told by it"


@pytest.mark.parametrize(("booked_at", "is_promised"), [("11-29T17:00", True), ("11-29T19:32", False)])
def test_a_booking_promises_the_reminder_of_the_day_before_only_if_it_comes(
    sender: User, reader: User, work: Work, sent: Sent, clock: FrozenClock, booked_at: str, is_promised: bool
) -> None:
    mother = create_child(sender, name="박순례", consents=(ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE))
    with transaction():
        mother.mobile = "+821099990000"
    create_pattern(reader)
    clock.set(datetime.fromisoformat(f"2026-{booked_at}").replace(tzinfo=KST))
    create_booking(sender, reader, datetime(2026, 11, 30, 14, 0, tzinfo=KST), patient=mother)
    work()
    (body,) = [m["body"] for m in sent() if m["to"] == "+821099990000"]
    assert "11월 30일 월요일 오후 2:00에 상담이 예약되었습니다." in body
    assert ("전날 다시 알려 드립니다" in body) is is_promised
