"""How much of what is free goes on one screen: what can be read aloud at once, with the way to what is before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from flask import abort

from app.consultations.call_days import DoctorsDay
from app.consultations.calls import OFFERED
from app.consultations.times import FreeTime
from app.infra import moments

DAYS_READ = 3
YEARS = range(2000, 2200)
"""Whatever anybody can mean; near the ends of the calendar reckoning with time zones fails."""


@dataclass(frozen=True)
class DaysScreen:
    """Some days that have free times, and the first day of the screens before and after (None: there is none)."""

    days: list[tuple[date, list[DoctorsDay]]]
    earlier: date | None
    later: date | None


@dataclass(frozen=True)
class TimesScreen:
    """Some times of one doctor's day, and the numbers of the screens before and after, counted from 1."""

    times: Sequence[FreeTime]
    before: int | None
    after: int | None


def days_screen(found: Sequence[DoctorsDay], first: date | None) -> DaysScreen:
    """Return the days from `first` on (None: the soonest); from a day beyond the last, the last ones."""
    days = [(day, list(group)) for day, group in groupby(found, key=lambda one: one.day)]
    start = sum(first is not None and day < first for day, _ in days)
    start = min(start, max(len(days) - 1, 0))
    end = start + DAYS_READ
    return DaysScreen(
        days[start:end],
        days[max(start - DAYS_READ, 0)][0] if start > 0 else None,
        days[end][0] if end < len(days) else None,
    )


def times_screen(times: Sequence[FreeTime], number: int) -> TimesScreen:
    """Return a screen of times; a number beyond the last is the last."""
    last = max(1, -(-len(times) // OFFERED))
    number = min(max(number, 1), last)
    shown = times[(number - 1) * OFFERED : number * OFFERED]
    return TimesScreen(shown, number - 1 if number > 1 else None, number + 1 if number < last else None)


def day_of(text: str | None) -> date | None:
    """Return the day in an address, None if it is none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year in YEARS else None


def moment_of(text: str | None) -> datetime:
    """Return the moment in an address or a form, 404 if it is none."""
    return moments.read(text) or abort(404)
