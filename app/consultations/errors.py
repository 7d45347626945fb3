"""Why a consultation cannot be booked, moved or cancelled. Doors turn these into words."""

from __future__ import annotations

from datetime import datetime

from app.consultations.models import Booking
from app.consultations.times import FreeTime


class TimeUnavailable(Exception):
    """The time cannot be booked; `instead` holds the next free times, the same doctor's first."""

    def __init__(self, instead: list[FreeTime]) -> None:
        super().__init__("unavailable")
        self.instead = instead


class TimeTaken(TimeUnavailable):
    """Someone else has booked it, or is about to."""


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


class NeedsTelephone(Exception):
    """The patient did not come several times, and books by telephone until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("needs telephone")
        self.until = until


class NoSuchBooking(Exception):
    """There is no such booking, or no such patient."""


class TooLateToCancel(Exception):
    """The consultation has begun, or begins too soon for the patient to cancel."""


class CannotMove(Exception):
    """The booking stays where it is; `reason` is "late", "often" or "over"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CannotMark(Exception):
    """Whether the patient came cannot be noted: the time has not begun, is long over, or was cancelled."""
