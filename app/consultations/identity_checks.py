"""The doctor makes sure at the start of a consultation whom they are talking to; that they did is kept.

Nobody's identity is proven by the portal itself beyond a code to a number or an address: see
`app.accounts.identity_proof`. What stood on a card is not kept, only that one was shown.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.accounts.proxy_access import permissions_given
from app.accounts.proxy_models import ProxyPermission
from app.audit import service as audit
from app.consultations.identity_models import How, IdentityCheck
from app.consultations.models import Booking, BookingState
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction

BEFORE = timedelta(minutes=30)
AFTER = timedelta(hours=12)


class NotNow(Exception):
    """The consultation is not about to begin, long over, or cancelled."""


def is_time(booking: Booking) -> bool:
    """True from half an hour before a consultation until the end of that day's work."""
    about = booking.starts_at - BEFORE <= clock.now() <= booking.ends_at + AFTER
    return booking.state != BookingState.CANCELLED and about


def check(booking_id: int, doctor: User, how: How) -> IdentityCheck:
    """Record by what the doctor recognised the patient; the same said again at once is one record.

    Raises `NotNow`. That the booking is the doctor's is the caller's to check.
    """
    with transaction() as session:
        booking = fresh(Booking, booking_id)
        if booking is None or booking.doctor_id != doctor.id or not is_time(booking):
            raise NotNow
        made = checks_of(booking)
        if made and made[0].how == how and made[0].checked_by_id == doctor.id:
            return made[0]
        row = IdentityCheck(booking_id=booking.id, checked_by_id=doctor.id, how=how, checked_at=clock.now())
        session.add(row)
        session.flush()
        audit.record(f"identity.{how.value}", booking.topic, patient_id=booking.patient_id)
    return row


def checks_of(booking: Booking) -> list[IdentityCheck]:
    """Return what was recorded about a booking, the latest first: that one counts."""
    query = (
        select(IdentityCheck)
        .options(joinedload(IdentityCheck.checked_by))
        .where(IdentityCheck.booking_id == booking.id)
    )
    return list(db.session.scalars(query.order_by(IdentityCheck.id.desc())))


def number_of(booking: Booking) -> str | None:
    """Return the mobile number (E.164) that the patient is known by; None where there is none."""
    patient = booking.patient
    return patient.user.mobile if patient.user is not None else patient.mobile


def acted_by(booking: Booking) -> ProxyPermission | None:
    """Return the permission of the helper who booked, None where the patient or a guardian did, or it is over."""
    return next(
        (
            permission
            for permission in permissions_given(booking.patient)
            if permission.proxy_id == booking.booked_by_id
        ),
        None,
    )
