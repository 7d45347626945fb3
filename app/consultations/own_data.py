"""What this room holds of one person: bookings, and clinics read aloud on the telephone.

What was held is a chart; what is still to come is cancelled.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import holdings, keeping
from app.accounts.holdings import Holding, Kept
from app.accounts.models import Departure, Patient, User
from app.accounts.own_data import stamp
from app.consultations import holds, service
from app.consultations.errors import TooLateToCancel
from app.consultations.identity_checks import checks_of
from app.consultations.identity_models import IdentityCheck
from app.consultations.models import Booking, BookingState, Hold
from app.consultations.policy import visible_bookings
from app.consultations.referral_models import Referral
from app.consultations.referrals import referrals_of
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction

CONSULTATION = "consultation"
TABLES = (Booking, Hold, IdentityCheck, Referral)


def register() -> None:
    """Make this part known."""
    holdings.register(Holding("bookings", shown, erase, tables=TABLES, kept=kept, let_go=let_go))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return every booking, with its doctor's name; of the user's own account also the time that is held."""
    query = visible_bookings(user).where(Booking.patient_id == patient.id)
    bookings = db.session.scalars(query.order_by(Booking.starts_at, Booking.id)).all()
    found: dict[str, Any] = {
        "bookings": [_booking(user, booking) for booking in bookings],
        "clinics_read_aloud": [_referral(row) for row in referrals_of(patient.id)],
    }
    if patient.user_id == user.id:
        hold = db.session.get(Hold, user.id)
        found["time_held"] = _hold(hold) if hold is not None and hold.expires_at > clock.now() else None
    return found


def _booking(user: User, booking: Booking) -> dict[str, Any]:
    rule = booking.admitted_by
    return {
        "id": booking.public_id,
        "doctor": booking.doctor.name,
        "starts_at": stamp(booking.starts_at),
        "ends_at": stamp(booking.ends_at),
        "price_won": booking.price_won,
        "state": str(booking.state),
        "made_at": stamp(booking.created_at),
        "made_by_me": booking.booked_by_id == user.id,
        "made_by_way_of": str(booking.channel) if booking.channel is not None else None,
        "moved_times": booking.moves,
        "cancelled_at": stamp(booking.cancelled_at),
        "cancelled_by_me": booking.cancelled_by_id == user.id,
        "reason_to_cancel": booking.cancel_reason,
        "missed_at": stamp(booking.missed_at),
        "admitted_by": {"rule": rule.title_ko, "version": rule.version} if rule is not None else None,
        "admission": booking.admission,
        "identity_checks": [
            {"doctor": check.checked_by.name, "how": str(check.how), "at": stamp(check.checked_at)}
            for check in checks_of(booking)
        ],
    }


def _referral(row: Referral) -> dict[str, Any]:
    return {"at": stamp(row.told_at), "why": str(row.why), "area": row.area, "clinics": row.clinics}


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "doctor": hold.doctor.name,
        "starts_at": stamp(hold.starts_at),
        "held_until": stamp(hold.expires_at),
    }


def erase(departure: Departure) -> None:
    """Give back the times to come; the doctors are told. Of what did not take place only the time stays."""
    ahead = (Booking.state == BookingState.BOOKED) & (Booking.starts_at > clock.now())
    query = select(Booking.id).where(Booking.patient_id == departure.patient_id, ahead)
    by_id = departure.asked_by_id
    for booking_id in db.session.scalars(query.order_by(Booking.id)).all():
        with contextlib.suppress(TooLateToCancel):  # begun at this moment: then it is a chart
            service.cancel(booking_id, by_id, late=True)
    if departure.user_id is not None:
        holds.let_go(departure.user_id)
    with transaction() as session:
        session.execute(delete(Referral).where(Referral.patient_id == departure.patient_id))
    for booking_id in _not_held(departure.patient_id):
        with transaction() as session:
            _bare(session, booking_id)


def _not_held(patient_id: int) -> list[int]:
    states = (BookingState.CANCELLED, BookingState.MISSED)
    query = select(Booking.id).where(Booking.patient_id == patient_id, Booking.state.in_(states))
    return list(db.session.scalars(query.order_by(Booking.id)))


def _bare(session: Session, booking_id: int) -> None:
    """Take from a booking that is no chart what it says about the patient."""
    session.execute(delete(IdentityCheck).where(IdentityCheck.booking_id == booking_id))
    booking = fresh(Booking, booking_id)
    if booking is not None:
        booking.admission = booking.cancel_reason = None


def kept(patient_id: int) -> list[Kept]:
    """Return the consultations that have begun and so are charts, and until when each stays."""
    query = select(Booking.ends_at).where(
        Booking.patient_id == patient_id,
        Booking.state == BookingState.BOOKED,
        Booking.starts_at <= clock.now(),
    )
    return [
        Kept(CONSULTATION, ends_at, keeping.kept_until(CONSULTATION, ends_at))
        for ends_at in db.session.scalars(query.order_by(Booking.id))
    ]


def let_go(patient_id: int, now: datetime) -> None:
    """Erase the bookings of a patient once the last chart among them is old enough; cancelled ones have no day to wait for."""
    if any(one.until > now for one in kept(patient_id)):
        return
    over = (Booking.starts_at <= now) | (Booking.state == BookingState.CANCELLED)
    with transaction() as session:
        ids = select(Booking.id).where(Booking.patient_id == patient_id, over)
        session.execute(delete(IdentityCheck).where(IdentityCheck.booking_id.in_(ids)))
        session.execute(delete(Booking).where(Booking.patient_id == patient_id, over))
