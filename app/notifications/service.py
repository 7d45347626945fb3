"""Who is told of what, and what became of it. Notices are made from events, once for each person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from app.accounts.age import begun_alone
from app.accounts.models import Guardianship, Patient, User
from app.accounts.policy import visible_patients
from app.accounts.proxy_access import helper_ids
from app.accounts.proxy_models import Scope
from app.cases.models import Case, CaseState, Lesion
from app.consultations.models import Booking
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, random_id, transaction
from app.infra.events import Event
from app.notifications.choices import channels_for
from app.notifications.compose import number_of
from app.notifications.due import after_the_night
from app.notifications.models import Channel, Delivery, DeliveryState, Notice, NoticeKind
from app.notifications.templates import templates

DELIVERY_JOB = "notifications.deliver"
PER_PAGE = 20

KINDS: dict[str, NoticeKind] = {
    "case.submitted": NoticeKind.CASE_RECEIVED,
    "case.urgent": NoticeKind.CASE_URGENT,
    "case.overdue": NoticeKind.CASE_OVERDUE,
    "finding.signed": NoticeKind.FINDING_SIGNED,
    "finding.amended": NoticeKind.FINDING_AMENDED,
    "case.question_asked": NoticeKind.QUESTION_ASKED,
    "case.question_answered": NoticeKind.QUESTION_ANSWERED,
    "booking.made": NoticeKind.BOOKING_MADE,
    "booking.moved": NoticeKind.BOOKING_MOVED,
    "booking.cancelled": NoticeKind.BOOKING_CANCELLED,
    "booking.missed": NoticeKind.BOOKING_MISSED,
    "reminder.booking_day_before": NoticeKind.BOOKING_DAY_BEFORE,
    "reminder.booking_soon": NoticeKind.BOOKING_SOON,
    "reminder.photograph_again": NoticeKind.PHOTOGRAPH_AGAIN,
    "reminder.in_person_due": NoticeKind.IN_PERSON_DUE,
}
"""The events that somebody should know of. What one is about is in its topic: ``case:…``, ``booking:…``, ``lesion:…``."""

TO_DOCTOR = {NoticeKind.QUESTION_ASKED}
TO_BOTH = {NoticeKind.BOOKING_MADE, NoticeKind.BOOKING_MOVED, NoticeKind.BOOKING_CANCELLED}
ANSWERS = {NoticeKind.FINDING_SIGNED, NoticeKind.FINDING_AMENDED, NoticeKind.QUESTION_ANSWERED}
"""What a doctor has answered."""
TELLS_AN_ANSWER = ANSWERS | {NoticeKind.IN_PERSON_DUE}
"""What says something of an answer: a helper who may only send and book is not told, for they could not read it."""
CAN_WAIT = ANSWERS | {NoticeKind.CASE_OVERDUE, NoticeKind.QUESTION_ASKED, NoticeKind.BOOKING_MISSED}
"""What wakes nobody: a text message of it goes out after the quiet hours. The portal and e-mail have it at once."""
SLEPT_THROUGH = CAN_WAIT | {
    NoticeKind.BOOKING_DAY_BEFORE,
    NoticeKind.PHOTOGRAPH_AGAIN,
    NoticeKind.IN_PERSON_DUE,
}
"""What is still worth reading in the morning: a text message of it that was left behind waits until then."""
ONCE_PER_CASE = {NoticeKind.CASE_RECEIVED, NoticeKind.CASE_URGENT, NoticeKind.CASE_OVERDUE}


@dataclass(frozen=True)
class _Subject:
    patient: Patient
    doctor: User | None
    begun_at: datetime
    arguments: dict[str, str]


@dataclass(frozen=True)
class Line:
    """A notice as its reader sees it; `patient_name` is set where it is about someone in their care."""

    notice: Notice
    patient_name: str | None


@dataclass(frozen=True)
class Page:
    """Some notices, newest first; pages count from 1."""

    lines: list[Line]
    page: int
    pages: int


def tell(event_id: int) -> None:
    """Write the notices that an event calls for, and ask for their delivery (an effect)."""
    event = db.session.get(Event, event_id)
    kind = KINDS.get(event.kind) if event is not None else None
    subject = _subject(event.topic) if event is not None else None
    if event is None or kind is None or subject is None:
        return
    for reader in _concerned(kind, subject):
        if not _told(reader, kind, event, subject):
            _tell_one(reader, kind, event, subject)


def _tell_one(reader: User | Patient, kind: NoticeKind, event: Event, subject: _Subject) -> None:
    notice = Notice(public_id=random_id(), kind=kind, event_id=event.id)
    notice.arguments, notice.created_at = subject.arguments, clock.now()
    if isinstance(reader, User):
        notice.user_id, channels = reader.id, channels_for(reader, kind)
    else:
        notice.patient_id, channels = reader.id, [Channel.SMS]
    deliveries = [
        Delivery(notice=notice, channel=channel, state=DeliveryState.WAITING, claims=0)
        for channel in channels
    ]
    db.session.add_all([notice, *deliveries])
    db.session.flush()
    for delivery in deliveries:
        delay = _until_morning() if delivery.channel == Channel.SMS and kind in CAN_WAIT else timedelta(0)
        jobs.enqueue(DELIVERY_JOB, dedupe_key=str(delivery.id), delay=delay, delivery_id=delivery.id)


def _until_morning() -> timedelta:
    now = clock.now()
    return after_the_night(now) - now


def _subject(topic: str) -> _Subject | None:
    """Return whom and what a topic is about; None for what is gone or was taken back."""
    what, _, public_id = topic.partition(":")
    if what == "case":
        case = db.session.scalar(select(Case).where(Case.public_id == public_id))
        if case is None or case.state == CaseState.WITHDRAWN:
            return None
        ids = {"case": public_id, "patient": case.patient.public_id}
        return _Subject(case.patient, case.doctor, case.created_at, ids)
    if what == "booking":
        booking = db.session.scalar(select(Booking).where(Booking.public_id == public_id))
        if booking is None:
            return None
        ids = {"booking": public_id, "patient": booking.patient.public_id}
        return _Subject(booking.patient, booking.doctor, booking.created_at, ids)
    if what == "lesion":
        lesion = db.session.scalar(select(Lesion).where(Lesion.public_id == public_id))
        if lesion is None:
            return None
        ids = {"lesion": public_id, "patient": lesion.patient.public_id}
        return _Subject(lesion.patient, None, lesion.watch_set_at or lesion.created_at, ids)
    return None


def _concerned(kind: NoticeKind, subject: _Subject) -> list[User | Patient]:
    # Who is being erased is told no more, nor is their family; a doctor must know that a time is free again.
    if subject.patient.erased_at is not None:
        to_doctor = kind in TO_BOTH and subject.doctor is not None and subject.doctor.active
        return [subject.doctor] if to_doctor and subject.doctor is not None else []
    scope = Scope.READ if kind in TELLS_AN_ANSWER else None
    people = [] if kind in TO_DOCTOR else family(subject.patient, scope, subject.begun_at)
    if kind in TO_DOCTOR | TO_BOTH and subject.doctor is not None:
        people.append(subject.doctor)
    found: list[User | Patient] = [user for user in people if user.active]
    if kind not in TO_DOCTOR and templates()[kind].is_for_direct and number_of(subject.patient):
        found.append(subject.patient)
    return found


def family(patient: Patient, scope: Scope | None = None, begun_at: datetime | None = None) -> list[User]:
    """Return the patient's own user and those who act for them at present; of helpers those with this scope.

    No guardian is told of what was begun (at `begun_at`) since the child turned 14: see `begun_in_care`.
    """
    guardians = select(Guardianship.guardian_id).where(
        Guardianship.patient_id == patient.id, Guardianship.ended_at.is_(None)
    )
    helpers = User.id.in_(helper_ids(patient, scope))
    told = (User.id == patient.user_id) | helpers
    if begun_at is None or not begun_alone(patient, begun_at):
        told |= User.id.in_(guardians)
    query = select(User).where(told)
    return list(db.session.scalars(query.order_by(User.id)))


def _told(reader: User | Patient, kind: NoticeKind, event: Event, subject: _Subject) -> bool:
    mine = Notice.user_id == reader.id if isinstance(reader, User) else Notice.patient_id == reader.id
    query = select(Notice).where(mine, Notice.kind == kind)
    if kind not in ONCE_PER_CASE:
        return db.session.scalar(query.where(Notice.event_id == event.id)) is not None
    # Answers and model may each call a case urgent: its patient is told once.
    earlier = db.session.scalars(
        query.join(Event, Event.id == Notice.event_id).where(Event.topic == event.topic)
    )
    return any(notice.arguments == subject.arguments for notice in earlier)


def unread_count(user_id: int) -> int:
    """Return how many notices a user has not read yet."""
    query = (
        select(func.count()).select_from(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None))
    )
    return db.session.scalar(query) or 0


def page(user: User, number: int) -> Page:
    """Return one page of the notices to `user`; a page beyond the last is the last."""
    mine = Notice.user_id == user.id
    count = db.session.scalar(select(func.count()).select_from(Notice).where(mine)) or 0
    pages = max(1, -(-count // PER_PAGE))
    number = min(max(number, 1), pages)
    query = select(Notice).where(mine).order_by(Notice.id.desc())
    found = list(db.session.scalars(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)))
    names = _names_in_care(user, {str(n.arguments.get("patient")) for n in found})
    return Page([Line(n, names.get(str(n.arguments.get("patient")))) for n in found], number, pages)


def _names_in_care(user: User, patients: Iterable[str]) -> dict[str, str]:
    wanted = list(patients)
    seen = db.session.scalars(visible_patients(user).where(Patient.public_id.in_(wanted)))
    return {patient.public_id: patient.name for patient in seen if patient.user_id != user.id}


def mark_read(notice_id: int) -> None:
    """Note that a notice was read; the first time counts."""
    with transaction():
        notice = fresh(Notice, notice_id)
        if notice is not None and notice.read_at is None:
            notice.read_at = clock.now()


def mark_all_read(user_id: int) -> None:
    """Note that everything there is was read."""
    with transaction() as session:
        unread = update(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None))
        session.execute(unread.values(read_at=clock.now()))
