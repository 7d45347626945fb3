"""Public holidays of Korea, with the lunar ones and the days that stand in for them (대체공휴일)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache


@dataclass(frozen=True)
class Holiday:
    """One day off for the whole country, named in both languages."""

    day: date
    ko: str
    en: str


@cache
def _year(year: int) -> dict[date, Holiday]:
    # Imported here: the worker asks for no times, and need not hold the calendars.
    import holidays

    korean = holidays.country_holidays("KR", years=year, language="ko")
    english = holidays.country_holidays("KR", years=year, language="en_US")
    return {day: Holiday(day, name, english[day]) for day, name in sorted(korean.items())}


def holiday(day: date) -> Holiday | None:
    """Return the public holiday on this day, None for an ordinary one."""
    return _year(day.year).get(day)


def between(first: date, last: date) -> list[Holiday]:
    """Return the public holidays from `first` to `last`, both included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [found for day in days if (found := holiday(day)) is not None]
