"""Reminders: which there should be, and sending each once, at its time.

What should be there is worked out anew from the thing itself each time something happens to it, so it does not
matter in which order the worker hears of it, or how often. Reminding is one transaction: the reminder is settled
and the event that makes notices is written, or neither; two workers who look at the same one take turns at its lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts.models import ConsentKind, Patient
from app.cases.models import Case, CaseState, Lesion, NextStep
from app.consultations.models import Booking, BookingState
from app.extensions import db
from app.infra import clock, events, jobs
from app.infra.database import fresh, transaction
from app.infra.events import Event
from app.notifications import due as when
from app.notifications.due import Wanted
from app.notifications.models import Reminder, ReminderKind, ReminderState

FOLLOW = "notifications.follow"
REMIND = "notifications.remind"
REMIND_ALL = "notifications.remind_all"
EVERY = timedelta(minutes=10)
"""Each reminder has a job for its moment; this is how soon one is found whose job was lost, or whose night is over."""
AT_ONCE = 500

WATCH_SET = "lesion.watch_set"
SETTLES_TIME = ("booking.made", "booking.moved")
FOLLOWED = (
    *SETTLES_TIME,
    "booking.cancelled",
    "booking.missed",
    "finding.signed",
    "finding.amended",
    WATCH_SET,
)
"""What reminders follow."""

EVENTS: dict[ReminderKind, str] = {
    ReminderKind.BOOKING_DAY_BEFORE: "reminder.booking_day_before",
    ReminderKind.BOOKING_SOON: "reminder.booking_soon",
    ReminderKind.PHOTOGRAPH_AGAIN: "reminder.photograph_again",
    ReminderKind.IN_PERSON_DUE: "reminder.in_person_due",
}
"""What is published when it is time."""


def follow(event_id: int) -> None:
    """Make, move and cancel the reminders of what an event is about, in the transaction in progress (an effect)."""
    event = db.session.get(Event, event_id)
    if event is None:
        return
    what, _colon, public_id = event.topic.partition(":")
    if what == "booking":
        _follow_booking(event, public_id)
    elif what == "case":
        _follow_finding(event, public_id)
    elif what == "lesion":
        _follow_lesion(event, public_id)


def _locked(model: Any, public_id: str) -> Any:
    found = db.session.scalar(select(model.id).where(model.public_id == public_id))
    return fresh(model, found) if found is not None else None


def _follow_booking(event: Event, public_id: str) -> None:
    booking: Booking | None = _locked(Booking, public_id)
    if booking is None:
        return
    settled = select(func.max(Event.at)).where(Event.topic == event.topic, Event.kind.in_(SETTLES_TIME))
    since = db.session.scalar(settled) or event.at
    stands = booking.state == BookingState.BOOKED
    _settle(event.topic, booking.patient_id, when.of_booking(booking.starts_at, since) if stands else [])


def _follow_finding(event: Event, public_id: str) -> None:
    case: Case | None = _locked(Case, public_id)
    finding = case.finding if case is not None else None
    if case is None or finding is None:
        return
    called = finding.next_step == NextStep.IN_PERSON and finding.see_by is not None
    wanted = when.of_visit_in_person(finding.see_by, finding.signed_at) if called and finding.see_by else []
    _settle(event.topic, case.patient_id, wanted)


def _follow_lesion(event: Event, public_id: str) -> None:
    lesion: Lesion | None = _locked(Lesion, public_id)
    newest = select(func.max(Event.id)).where(Event.topic == event.topic, Event.kind == WATCH_SET)
    if lesion is None or db.session.scalar(newest) != event.id:
        return  # only what was said last holds
    day = event.payload.get("on")
    wanted = when.of_photograph(date.fromisoformat(day), event.at) if day else []
    _settle(event.topic, lesion.patient_id, wanted)


def _settle(topic: str, patient_id: int, wanted: Sequence[Wanted]) -> None:
    """Let exactly the `wanted` reminders of a topic wait; what was sent or missed stays as it is.

    Nobody is reminded of anything whose data are being erased, or are gone.
    """
    if _is_erased(patient_id):
        wanted = []
    query = select(Reminder).where(Reminder.topic == topic).order_by(Reminder.id).with_for_update()
    standing = {
        (row.kind, row.due_at): row
        for row in db.session.scalars(query.execution_options(populate_existing=True))
    }
    keys = {(each.kind, each.due_at) for each in wanted}
    for key, row in standing.items():
        if row.state == ReminderState.WAITING and key not in keys:
            row.state, row.settled_at = ReminderState.CANCELLED, clock.now()
    for each in wanted:
        row = standing.get((each.kind, each.due_at)) or Reminder(
            kind=each.kind, topic=topic, patient_id=patient_id, due_at=each.due_at
        )
        if row.state in (None, ReminderState.CANCELLED):
            _ask(row, each.useful_until)


def _ask(row: Reminder, useful_until: datetime) -> None:
    moment = clock.now()
    row.state, row.settled_at, row.asked_at, row.useful_until = (
        ReminderState.WAITING,
        None,
        moment,
        useful_until,
    )
    db.session.add(row)
    db.session.flush()
    jobs.enqueue(REMIND, delay=max(row.due_at - moment, timedelta(0)), reminder_id=row.id)


def due() -> list[int]:
    """Return the ids of reminders whose time has come, the earliest first; none at night."""
    moment = clock.now()
    if when.is_quiet(moment):
        return []
    query = select(Reminder.id).where(Reminder.state == ReminderState.WAITING, Reminder.due_at <= moment)
    return list(db.session.scalars(query.order_by(Reminder.due_at, Reminder.id).limit(AT_ONCE)))


def remind(reminder_id: int) -> ReminderState | None:
    """Settle one reminder whose time has come; None if it was not due, or somebody else was quicker.

    One that is due at night although it was not made so (the worker was off) waits for the morning.
    """
    with transaction():
        row, moment = fresh(Reminder, reminder_id), clock.now()
        if row is None or row.state != ReminderState.WAITING or row.due_at > moment:
            return None
        if when.is_quiet(moment):
            return None
        row.state, row.settled_at = _verdict(row, moment), moment
        if row.state == ReminderState.SENT:
            events.publish(EVENTS[row.kind], row.topic)
        return row.state


def _verdict(row: Reminder, moment: datetime) -> ReminderState:
    if not _still_wanted(row):
        return ReminderState.CANCELLED
    return ReminderState.SENT if moment < row.useful_until else ReminderState.MISSED


def _is_erased(patient_id: int) -> bool:
    query = select(Patient.id).where(Patient.id == patient_id, Patient.erased_at.is_not(None))
    return db.session.scalar(query) is not None


def _still_wanted(row: Reminder) -> bool:
    if _is_erased(row.patient_id):
        return False
    what, _colon, public_id = row.topic.partition(":")
    if what == "booking":
        state = db.session.scalar(select(Booking.state).where(Booking.public_id == public_id))
        return state == BookingState.BOOKED
    if not accounts.has_consent(ConsentKind.HEALTH_DATA, row.patient_id):
        return False
    return what != "lesion" or not _photographed(public_id, row.asked_at)


def _photographed(lesion: str, since: datetime) -> bool:
    """True if a newer case about the lesion was sent."""
    query = (
        select(Case.id)
        .join(Lesion, Lesion.id == Case.lesion_id)
        .where(Lesion.public_id == lesion, Case.submitted_at > since, Case.state != CaseState.WITHDRAWN)
    )
    return db.session.scalar(query.limit(1)) is not None
