"""Who is told of what: once, by the channel that they have, and without a word about their health."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import Patient, User
from app.cases import service as cases
from app.cases import signing
from app.cases.models import CaseState
from app.consultations import service as consultations
from app.infra import events, jobs, messages
from app.infra.database import transaction
from app.infra.events import Event
from app.infra.jobs import Job, JobState
from app.infra.messages import DeliveryFailed
from app.notifications import reminders, service
from app.notifications.models import Channel, Delivery, DeliveryState, Notice, NoticeKind, ReminderKind
from app.notifications.words import WORDS
from tests.factories.cases import RED_FLAGS, WORRYING, create_case
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import KST, FrozenClock

STILL_TO_COME = {"booking.moved", "booking.missed", "lesion.watch_set"}
"""What the rooms do not publish yet."""

Work = Callable[[], int]
Sent = Callable[[], list[dict[str, str]]]


def _told(db: Any, user: User) -> list[str]:
    db.session.rollback()
    query = select(Notice.kind).where(Notice.user_id == user.id).order_by(Notice.id)
    return [str(kind) for kind in db.session.scalars(query)]


def test_a_patient_is_told_that_the_case_arrived_and_that_it_was_read(
    db: Any, sender: User, reader: User, work: Work, sent: Sent
) -> None:
    create_case(sender, doctor=reader)
    work()
    assert _told(db, sender) == ["case_received", "finding_signed"]
    assert _told(db, reader) == []
    assert [message["to"] for message in sent()] == [sender.mobile] * 2
    assert sent()[1]["body"] == "살핌: 판독 결과가 도착했습니다. 로그인하여 확인하세요."


def test_a_text_message_that_can_wait_does_not_wake_anybody(
    db: Any, sender: User, reader: User, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 11, 23, 22, 30, tzinfo=KST))
    create_case(sender, doctor=reader)
    work()
    assert _told(db, sender) == ["case_received", "finding_signed"]
    assert len(sent()) == 1, "what one has just sent is confirmed at once"
    clock.set(datetime(2026, 11, 24, 7, 59, tzinfo=KST))
    work()
    assert len(sent()) == 1
    clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=KST))
    work()
    assert "판독 결과" in sent()[1]["body"]


def test_a_text_message_that_was_left_behind_waits_for_the_morning(
    db: Any,
    sender: User,
    reader: User,
    work: Work,
    sent: Sent,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(_message: object) -> None:
        raise DeliveryFailed("the gateway is down")

    clock.set(datetime(2026, 11, 23, 20, 59, tzinfo=KST))
    with monkeypatch.context() as patch:
        patch.setattr(messages, "send_sms", down)
        create_case(sender, doctor=reader)
        work()
    clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=KST))
    work()
    work()
    assert [message["body"] for message in sent() if "판독" in message["body"]] == []
    clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=KST))
    work()
    assert len([message for message in sent() if "판독 결과" in message["body"]]) == 1
    db.session.rollback()
    tries = db.session.scalars(select(Job.attempts).where(Job.kind == service.DELIVERY_JOB)).all()
    assert max(tries) == 2, "waiting for the morning was no attempt"


def test_what_is_urgent_is_told_at_night(
    db: Any, sender: User, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 11, 23, 3, 0, tzinfo=KST))
    create_case(sender, state=CaseState.WAITING, answers=RED_FLAGS, opinion=WORRYING)
    work()
    assert len(sent()) == 2


def test_an_urgent_case_is_told_once_though_answers_and_model_both_call_it_so(
    db: Any, sender: User, work: Work
) -> None:
    create_case(sender, state=CaseState.WAITING, answers=RED_FLAGS, opinion=WORRYING)
    work()
    assert _told(db, sender) == ["case_received", "case_urgent"]


def test_an_urgent_case_that_only_the_model_found_is_told(db: Any, sender: User, work: Work) -> None:
    create_case(sender, state=CaseState.WAITING, opinion=WORRYING)
    work()
    assert _told(db, sender) == ["case_received", "case_urgent"]


def test_a_late_reading_is_told_to_who_sent_it_once_with_what_happens_next(
    db: Any, sender: User, child: Patient, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    create_case(sender, state=CaseState.WAITING, patient=child)
    work()
    for _ in range(3):
        clock.advance(hours=25)
        db.session.rollback()
        work()
    assert _told(db, sender) == ["case_received", "case_overdue"]
    assert (
        sent()[-1]["body"] == "살핌: 답이 늦어지고 있습니다. 죄송합니다. 로그인하여 다음 순서를 확인하세요."
    )
    said = str(WORDS[NoticeKind.CASE_OVERDUE].text)
    assert "먼저 읽을 차례로 옮겼으니 읽는 대로 알려 드립니다" in said


def test_two_urgent_cases_are_two_notices(db: Any, sender: User, work: Work) -> None:
    for _ in range(2):
        create_case(sender, state=CaseState.WAITING, answers=RED_FLAGS)
    work()
    assert _told(db, sender).count("case_urgent") == 2


def test_a_case_that_is_not_urgent_is_not_called_urgent(db: Any, sender: User, work: Work) -> None:
    create_case(sender, state=CaseState.WAITING)
    work()
    assert _told(db, sender) == ["case_received"]


def test_a_guardian_is_told_for_the_child_until_the_guardianship_ends(
    db: Any, sender: User, child: Patient, work: Work
) -> None:
    create_case(sender, state=CaseState.WAITING, patient=child)
    work()
    assert _told(db, sender) == ["case_received"]
    accounts.end_guardianship(sender, child)
    assert service.family(child) == []


def test_question_answer_and_amendment_reach_whom_they_concern(
    db: Any, sender: User, reader: User, work: Work, sent: Sent
) -> None:
    case = create_case(sender, doctor=reader)
    cases.ask(sender, case.public_id, "언제 다시 찍을까요?")
    work()
    assert _told(db, reader) == ["question_asked"]
    assert sent()[-1]["to"] == reader.email
    assert sent()[-1]["subject"] == "[살핌] 환자의 질문이 도착했습니다"
    signing.answer(case.id, reader.id, "석 달 뒤에 찍어 주세요.")
    work()
    assert _told(db, sender)[-1] == "question_answered"
    again = signing.Draft(
        "bkl",
        "해롭지 않은 점입니다.",
        "nothing",
        reason="가장자리를 다시 보았습니다.",
        amendment_reason="다시 보았습니다.",
    )
    signing.save_draft(case.id, reader.id, again)
    signing.sign(case.id, reader.id, again.digest)
    work()
    assert _told(db, sender)[-1] == "finding_amended"
    assert "석 달" not in "".join(message["body"] for message in sent())


def test_a_booking_and_its_end_are_told_to_both(db: Any, sender: User, reader: User, work: Work) -> None:
    create_pattern(reader)
    booking = create_booking(sender, reader)
    work()
    assert _told(db, sender) == _told(db, reader) == ["booking_made"]
    consultations.cancel(booking.id, reader.id)
    work()
    assert _told(db, sender) == _told(db, reader) == ["booking_made", "booking_cancelled"]


def test_a_case_that_was_taken_back_in_the_meantime_is_not_told(db: Any, sender: User, work: Work) -> None:
    create_case(sender, state=CaseState.WITHDRAWN)
    work()
    assert _told(db, sender) == []


def test_an_account_that_is_closed_is_told_nothing(db: Any, sender: User, work: Work, sent: Sent) -> None:
    create_case(sender, state=CaseState.WAITING)
    with transaction() as session:
        session.get(User, sender.id).active = False
    work()
    assert _told(db, sender) == []
    assert sent() == []


def test_the_message_is_in_the_language_of_the_person(db: Any, sender: User, work: Work, sent: Sent) -> None:
    with transaction() as session:
        session.get(User, sender.id).locale = "en"
    create_case(sender, state=CaseState.WAITING)
    work()
    assert sent()[0]["body"].startswith("Salpim: We received what you sent.")


def test_an_event_told_twice_or_by_two_at_once_makes_one_notice_and_one_message(
    app: Flask, db: Any, sender: User, work: Work, sent: Sent
) -> None:
    create_case(sender, state=CaseState.WAITING)
    work()
    event_id = db.session.scalar(select(Event.id).where(Event.kind == "case.submitted"))
    with transaction():
        service.tell(event_id)
    db.session.rollback()
    barrier = threading.Barrier(4)

    def again() -> None:
        with app.app_context():
            barrier.wait()
            with transaction():
                service.tell(event_id)

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert _told(db, sender) == ["case_received"]
    assert len(sent()) == 1


class Gateway:
    """An SMS gateway that refuses, or accepts and then the process dies."""

    def __init__(self) -> None:
        self.accepted: list[messages.Sms] = []
        self.refuse = 0
        self.die = False

    def send(self, sms: messages.Sms) -> None:
        if self.refuse:
            self.refuse -= 1
            raise DeliveryFailed("busy")
        self.accepted.append(sms)
        if self.die:
            self.die = False
            raise KeyboardInterrupt


@pytest.fixture
def gateway(app: Flask) -> Gateway:
    made = Gateway()
    app.extensions["salpim.sms"] = made
    return made


def _delivery(db: Any) -> Delivery:
    db.session.rollback()
    return db.session.scalar(select(Delivery).execution_options(populate_existing=True))


def test_a_gateway_that_is_busy_is_asked_again_later_and_gets_the_message_once(
    db: Any, sender: User, work: Work, gateway: Gateway, clock: Any
) -> None:
    gateway.refuse = 2
    create_case(sender, state=CaseState.WAITING)
    work()
    assert gateway.accepted == []
    assert _delivery(db).sent_at is None
    for _ in range(3):
        clock.advance(minutes=11)
        work()
    assert [sms.to for sms in gateway.accepted] == [sender.mobile]
    delivery = _delivery(db)
    assert (delivery.channel, delivery.claims) == (Channel.SMS, 3)
    assert delivery.sent_at is not None


def test_a_gateway_that_stays_silent_ends_with_the_operator(
    db: Any, sender: User, work: Work, gateway: Gateway, clock: Any
) -> None:
    gateway.refuse = 100
    create_case(sender, state=CaseState.WAITING)
    for _ in range(6):
        work()
        clock.advance(minutes=11)
    failed = jobs.failed_jobs()
    assert _delivery(db).state == DeliveryState.FAILED
    assert service.DELIVERY_JOB in [job.kind for job in failed]
    assert sender.mobile not in " ".join(job.error or "" for job in failed)
    gateway.refuse = 0
    jobs.retry(failed[0].id)
    work()
    assert len(gateway.accepted) == 1
    assert _delivery(db).state == DeliveryState.SENT


def test_a_process_that_dies_after_the_gateway_accepted_sends_once_more_and_says_so(
    db: Any, sender: User, work: Work, gateway: Gateway, clock: Any
) -> None:
    """What nobody can prevent, and what `claims` makes visible."""
    gateway.die = True
    create_case(sender, state=CaseState.WAITING)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(gateway.accepted) == 1
    assert _delivery(db).claims == 1
    clock.advance(minutes=5)  # the dead worker's lease has run out
    with transaction() as session:
        job = session.scalar(select(Job).where(Job.kind == service.DELIVERY_JOB))
        assert job.state == JobState.RUNNING
    jobs.run(job.id, "next")
    assert len(gateway.accepted) == 2
    assert _delivery(db).claims == 2
    work()
    assert len(gateway.accepted) == 2


def test_who_has_lost_the_job_sends_nothing(db: Any, sender: User, work: Work, gateway: Gateway) -> None:
    from app.notifications.jobs import deliver

    gateway.refuse = 100
    create_case(sender, state=CaseState.WAITING)
    work()
    gateway.refuse = 0
    job = db.session.scalar(select(Job).where(Job.kind == service.DELIVERY_JOB))
    with pytest.raises(jobs.LeaseLost):
        deliver(jobs.Run(job.id, "not the lease"), delivery_id=_delivery(db).id)
    assert gateway.accepted == []


def test_every_event_that_is_listened_to_is_published_somewhere() -> None:
    """A renamed event would otherwise silence its notice."""
    from pathlib import Path

    import app as portal

    rooms = Path(portal.__file__).parent
    publishing = [path for room in ("cases", "consultations") for path in (rooms / room).glob("*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in publishing)
    heard = {*service.KINDS, *reminders.FOLLOWED} - set(reminders.EVENTS.values())
    assert {kind for kind in heard if f'"{kind}"' not in source} <= STILL_TO_COME
    assert set(service.KINDS.values()) == set(NoticeKind)
    assert set(reminders.EVENTS) == set(ReminderKind)
    assert all("notifications.tell" in events._listeners[kind] for kind in service.KINDS)
    assert all(reminders.FOLLOW in events._listeners[kind] for kind in reminders.FOLLOWED)
