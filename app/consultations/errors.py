"""Why a consultation cannot be booked or cancelled. Doors turn these into words."""

from __future__ import annotations

from app.consultations.models import Booking
from app.consultations.times import FreeTime


class TimeUnavailable(Exception):
    """The time cannot be booked; `instead` holds the next free times, the same doctor's first."""

    def __init__(self, instead: list[FreeTime]) -> None:
        super().__init__("unavailable")
        self.instead = instead


class TimeTaken(TimeUnavailable):
    """Someone else has booked it."""


class TimeGone(TimeUnavailable):
    """It is not offered (any more), or begins too soon."""


class PriceChanged(Exception):
    """The price is another one than the one that was shown; `price_won` is what holds now."""

    def __init__(self, price_won: int) -> None:
        super().__init__("price changed")
        self.price_won = price_won


class PatientBusy(Exception):
    """The patient has another booking at that moment."""

    def __init__(self, booking: Booking) -> None:
        super().__init__("patient busy")
        self.booking = booking


class NoSuchBooking(Exception):
    """There is no such booking, or no such patient."""


class TooLateToCancel(Exception):
    """The consultation has begun."""
