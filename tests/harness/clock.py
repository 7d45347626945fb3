"""A present that moves only when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")
# An ordinary Monday morning in Korea, when doctors' offices are open.
MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=KST)


class FrozenClock:
    """Callable that returns the present, aware and in UTC."""

    def __init__(self, moment: datetime = MORNING) -> None:
        self._moment = moment.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._moment

    @property
    def now(self) -> datetime:
        """The present."""
        return self._moment

    def advance(self, **duration: float) -> datetime:
        """Let time pass: ``clock.advance(hours=3)``; returns the new present."""
        self._moment += timedelta(**duration)
        return self._moment

    def set(self, moment: datetime) -> datetime:
        """Jump to an aware `moment`."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        self._moment = moment.astimezone(UTC)
        return self._moment
