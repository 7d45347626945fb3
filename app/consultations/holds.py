"""Keeping a time for somebody while they read and agree. A hold that has run out is simply not counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from app.accounts.models import User
from app.consultations import times
from app.consultations.availability import lock_doctor
from app.consultations.errors import NoSuchBooking
from app.consultations.free import hold_of, slot_at, taken
from app.consultations.models import Hold
from app.consultations.places import IsGone, IsTaken, taking
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction


def hold(doctor_id: int, starts_at: datetime, by_id: int) -> Hold:
    """Keep a time for a person for some minutes, and let go of what they held before.

    Holding the same time again does not make it longer, nor does going from one time to another and back: who
    holds a time and takes another has for it what is left of the minutes. So nobody keeps a time for good. Raises
    `TimeTaken` and `TimeGone` (what was held before is then held still), and `NoSuchBooking` for an unknown person.
    """
    with taking(doctor_id, starts_at):
        return _hold(doctor_id, starts_at, by_id)


def _hold(doctor_id: int, starts_at: datetime, by_id: int) -> Hold:
    # The person first, then the doctor; the hold itself last: it is only ever written by its own person.
    if fresh(User, by_id) is None:
        raise NoSuchBooking
    lock_doctor(doctor_id)
    standing = hold_of(by_id, doctor_id, starts_at)
    if standing is not None:
        return standing
    slot = slot_at(doctor_id, starts_at)
    others = taken([doctor_id], starts_at, starts_at, but_of=by_id)
    if slot is None:
        raise IsTaken if any(one.starts_at == starts_at for one in others) else IsGone
    if times.is_full(slot, others):
        raise IsTaken
    kept = fresh(Hold, by_id) or Hold(held_by_id=by_id, expires_at=clock.now())
    kept.doctor_id, kept.starts_at, kept.ends_at = doctor_id, slot.starts_at, slot.ends_at
    if kept.expires_at <= clock.now():
        kept.expires_at = clock.now() + timedelta(minutes=rules().hold_minutes)
    db.session.add(kept)
    db.session.flush()
    return kept


def let_go(by_id: int) -> None:
    """Give back what a person holds, if anything; joins a transaction in progress."""
    with transaction() as session:
        session.execute(delete(Hold).where(Hold.held_by_id == by_id))


def let_go_of(by_id: int, doctor_id: int, starts_at: datetime) -> None:
    """Give back this time if the person holds it; another one that they hold stays held."""
    if hold_of(by_id, doctor_id, starts_at) is not None:
        let_go(by_id)
