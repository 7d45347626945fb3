"""What this room holds of one person: bookings. What was held is a chart; what is still to come is cancelled."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from app.accounts import holdings, keeping
from app.accounts.holdings import Holding, Kept
from app.accounts.models import Departure, Patient, User
from app.accounts.own_data import stamp
from app.consultations import service
from app.consultations.errors import TooLateToCancel
from app.consultations.models import Booking, BookingState
from app.consultations.policy import visible_bookings
from app.extensions import db
from app.infra import clock
from app.infra.database import transaction

CONSULTATION = "consultation"


def register() -> None:
    """Make this part known."""
    holdings.register(Holding("bookings", shown, erase, kept=kept, let_go=let_go))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return every booking, with its doctor's name."""
    query = visible_bookings(user).where(Booking.patient_id == patient.id)
    return {
        "bookings": [
            {
                "id": booking.public_id,
                "doctor": booking.doctor.name,
                "starts_at": stamp(booking.starts_at),
                "ends_at": stamp(booking.ends_at),
                "price_won": booking.price_won,
                "state": str(booking.state),
                "made_at": stamp(booking.created_at),
                "cancelled_at": stamp(booking.cancelled_at),
            }
            for booking in db.session.scalars(query.order_by(Booking.starts_at, Booking.id))
        ]
    }


def erase(departure: Departure) -> None:
    """Give back the times to come; the doctors are told."""
    ahead = (Booking.state == BookingState.BOOKED) & (Booking.starts_at > clock.now())
    query = select(Booking.id).where(Booking.patient_id == departure.patient_id, ahead)
    by_id = departure.asked_by_id
    for booking_id in db.session.scalars(query.order_by(Booking.id)).all():
        with contextlib.suppress(TooLateToCancel):  # begun at this moment: then it is a chart
            service.cancel(booking_id, by_id)


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
    """Erase the bookings of a patient once the last chart among them is old enough."""
    if any(one.until > now for one in kept(patient_id)):
        return
    with transaction() as session:
        session.execute(delete(Booking).where(Booking.patient_id == patient_id, Booking.starts_at <= now))
