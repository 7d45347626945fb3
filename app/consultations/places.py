"""One place at one time: who has it, whether it can still be had. Asked by all who book or move, under the locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.consultations import times
from app.consultations.availability import NotADoctor
from app.consultations.errors import PatientBusy, PriceChanged, TimeGone, TimeTaken
from app.consultations.free import next_free_times, slot_at, taken
from app.consultations.models import Booking, BookingState
from app.consultations.times import FreeTime
from app.extensions import db
from app.infra.database import transaction


class Refused(Exception):
    """Inside the transaction: why not. The next free times are looked up after it has ended."""


class IsTaken(Refused):
    """Somebody else has it."""


class IsGone(Refused):
    """It is not offered."""


def standing(doctor_id: int, starts_at: datetime) -> list[Booking]:
    """Return the bookings that stand at one time of a doctor, by place."""
    query = select(Booking).where(
        Booking.doctor_id == doctor_id,
        Booking.starts_at == starts_at,
        Booking.state == BookingState.BOOKED,
    )
    return list(
        db.session.scalars(query.order_by(Booking.place), execution_options={"populate_existing": True})
    )


def free_slot(
    doctor_id: int, starts_at: datetime, price_won: int, *, for_id: int, but_for: int | None = None
) -> FreeTime:
    """Return the slot of a locked doctor if it can be had now at this price.

    for_id: the user who books, whose own hold does not stand in the way. but_for: the booking that is
    moved, which neither does. Raises `IsTaken`, `IsGone` or `PriceChanged`.
    """
    slot = slot_at(doctor_id, starts_at, for_id)
    others = [
        one
        for one in taken([doctor_id], starts_at, starts_at, but_of=for_id)
        if not (isinstance(one, Booking) and one.id == but_for)
    ]
    if slot is None:
        raise IsTaken if any(one.starts_at == starts_at for one in others) else IsGone
    if times.is_full(slot, others):
        raise IsTaken
    if slot.price_won != price_won:
        raise PriceChanged(slot.price_won)
    return slot


def free_place(doctor_id: int, starts_at: datetime) -> int:
    """Return the lowest place at this time that no standing booking has."""
    used = {one.place for one in standing(doctor_id, starts_at)}
    return next(place for place in range(1, len(used) + 2) if place not in used)


def refuse_if_busy(patient_id: int, slot: FreeTime, but_for: int | None = None) -> None:
    """Raise `PatientBusy` if the patient has another booking (than `but_for`) at that time."""
    other = db.session.scalar(
        select(Booking)
        .where(
            Booking.patient_id == patient_id,
            Booking.state == BookingState.BOOKED,
            Booking.starts_at < slot.ends_at,
            Booking.ends_at > slot.starts_at,
            Booking.id != (but_for or 0),
        )
        .order_by(Booking.starts_at)
    )
    if other is not None:
        raise PatientBusy(other)


@contextmanager
def taking(doctor_id: int, starts_at: datetime) -> Iterator[None]:
    """The one transaction that takes a time. Who comes too late is told the next free ones after it has ended.

    Raises `TimeGone` and `TimeTaken`.
    """
    try:
        with transaction():
            yield
    except (IsGone, NotADoctor) as error:
        raise TimeGone(next_free_times(doctor_id)) from error
    except IsTaken as error:
        raise TimeTaken(next_free_times(doctor_id)) from error
    except IntegrityError as error:
        # The locks let nobody come this far; the unique index is what holds if one is ever forgotten.
        if standing(doctor_id, starts_at):
            raise TimeTaken(next_free_times(doctor_id)) from error
        raise
