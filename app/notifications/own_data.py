"""What this room holds of one person: notices, what they are to be reminded of, how they want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from app.accounts import holdings
from app.accounts.holdings import Holding
from app.accounts.models import Departure, Patient, User
from app.accounts.own_data import stamp
from app.extensions import db
from app.infra.database import transaction
from app.notifications.models import ChannelChoice, Choice, Delivery, Notice, NoticeKind, Reminder
from app.notifications.policy import visible_notices
from app.notifications.words import WORDS
from app.permissions import Role

TABLES = (Notice, Delivery, Reminder, ChannelChoice)


def register() -> None:
    """Make this part known."""
    holdings.register(Holding("notices", shown, erase, tables=TABLES, let_go=let_go))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return the notices about this patient that the user got, and what the patient is to be reminded of."""
    query = visible_notices(user).order_by(Notice.id)
    about = [notice for notice in db.session.scalars(query) if _is_about(notice, patient)]
    found: dict[str, Any] = {
        "notices": [_notice(notice) for notice in about],
        # From before there was an account: messages to the patient's number alone.
        "messages_to_the_telephone": [
            _notice(notice) for notice in db.session.scalars(_direct(patient.id).order_by(Notice.id))
        ],
        "reminders": [
            {
                "kind": str(row.kind),
                "about": row.topic,
                "due_at": stamp(row.due_at),
                "state": str(row.state),
                "settled_at": stamp(row.settled_at),
            }
            for row in db.session.scalars(_reminders(patient.id).order_by(Reminder.due_at, Reminder.id))
        ],
    }
    if patient.user_id == user.id:
        chosen = db.session.get(ChannelChoice, user.id)
        found["told_by"] = {
            "choice": str(chosen.choice) if chosen is not None else str(Choice.USUAL),
            "chosen_at": stamp(chosen.chosen_at) if chosen is not None else None,
        }
    return found


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "kind": str(notice.kind),
        "title": str(WORDS[NoticeKind(notice.kind)].title),
        "text": str(WORDS[NoticeKind(notice.kind)].text),
        "told_at": stamp(notice.created_at),
        "read_at": stamp(notice.read_at),
        "sent": [
            {
                "by": str(delivery.channel),
                "as": str(delivery.form) if delivery.form is not None else None,
                "state": str(delivery.state),
                "at": stamp(delivery.sent_at),
            }
            for delivery in notice.deliveries
        ],
    }


def _direct(patient_id: int) -> Select[Notice]:
    return select(Notice).where(Notice.patient_id == patient_id)


def _reminders(patient_id: int) -> Select[Reminder]:
    return select(Reminder).where(Reminder.patient_id == patient_id)


def _is_about(notice: Notice, patient: Patient) -> bool:
    return notice.arguments.get("patient") == patient.public_id


def _about(patient: Patient) -> ColumnElement[bool]:
    about: ColumnElement[bool] = Notice.arguments["patient"].as_string() == patient.public_id
    return about


def erase(departure: Departure) -> None:
    """Delete the reminders, the notices to whoever leaves, and those to everyone who acted for the patient.

    A doctor's stay for as long as a record of the visit does: they carry ids alone.
    """
    with transaction() as session:
        patient = session.get(Patient, departure.patient_id)
        assert patient is not None
        session.execute(delete(Reminder).where(Reminder.patient_id == patient.id))
        doctors = select(User.id).where(User.role == Role.DOCTOR)
        to_family = _about(patient) & (Notice.user_id.is_(None) | Notice.user_id.not_in(doctors))
        mine = (Notice.user_id == (departure.user_id or 0)) | (Notice.patient_id == patient.id)
        _delete(session, to_family | mine)
        if departure.user_id is not None:
            session.execute(delete(ChannelChoice).where(ChannelChoice.user_id == departure.user_id))


def let_go(patient_id: int, _now: datetime) -> None:
    """Delete the notices to doctors about a patient of whom no record is kept any more."""
    if holdings.kept_of(patient_id):
        return
    with transaction() as session:
        patient = session.get(Patient, patient_id)
        assert patient is not None
        _delete(session, _about(patient))


def _delete(session: Session, which: ColumnElement[bool]) -> None:
    gone = list(session.scalars(select(Notice.id).where(which).order_by(Notice.id)))
    session.execute(delete(Delivery).where(Delivery.notice_id.in_(gone)))
    session.execute(delete(Notice).where(Notice.id.in_(gone)))
