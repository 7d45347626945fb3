"""Days and times in words, in Korean time and the reader's language: one style for every door.

What belongs together (오전 10:00, 11월 23일) is joined by spaces at which no line breaks; `plain` gives them back as
ordinary ones, for text messages and paper.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from flask_babel import format_date, format_datetime, format_time, get_locale
from flask_babel import lazy_gettext as _l

from app.infra import clock

# Babel's own Korean patterns say "AM 10:00".
CLOCK = {"ko": "aaaa h:mm", "en": "h:mm a"}
HALF_OF_DAY, HOUR = "a", "h:mm"
DAY = {"ko": "M월 d일 EEEE", "en": "EEEE, MMMM d"}
SHORT = {"ko": "M월 d일 (E)", "en": "EEE, MMM d"}
SHORT_OF_YEAR = {"ko": "y년 M월 d일 (E)", "en": "EEE, MMM d, y"}
NO_BREAK = "\u00a0"
_WITHIN = re.compile(
    r"(?<=월) (?=\d)|(?<=일) (?=\(.\))|(?<=오[전후]) (?=\d)|(?<=[a-z]) (?=\d{1,2}\b(?!:))|(?<=\d) (?=[AP]M\b)"
)
"""The spaces within a day of the year and within a time. Between the two a line may break: both are too long for a
phone in very large type."""
BETWEEN = {"ko": " ", "en": ", "}
WEEKDAYS = (
    _l("월요일"),
    _l("화요일"),
    _l("수요일"),
    _l("목요일"),
    _l("금요일"),
    _l("토요일"),
    _l("일요일"),
)
"""Monday first, as Python counts them."""

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these lies whatever anybody can mean; near the ends of the calendar reckoning with time zones fails."""


def read(text: str | None) -> datetime | None:
    """Return the moment that an address or a form gives in ISO 8601 with its time zone, None if it gives none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None and FIRST <= found < LAST else None


def stamp(moment: datetime) -> str:
    """Return a moment as it stands in an address: what `read` reads."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _language() -> str:
    return "en" if str(get_locale()) == "en" else "ko"


def keep_together(text: str) -> str:
    """A text with the days and times in it joined, so that none of them is torn apart at the end of a line."""
    return _WITHIN.sub(NO_BREAK, text)


def plain(text: str) -> str:
    """The same text with ordinary spaces: what `keep_together` has joined leaves the house as it is written by hand."""
    return text.replace(NO_BREAK, " ")


def time_of_day(at: datetime) -> str:
    """The hour and minute."""
    return keep_together(str(format_time(at, CLOCK[_language()])))


def span(start: datetime, end: datetime) -> str:
    """From one time of day to another, the half of the day said once: 오전 10:00–10:30, 10:00–10:30 AM."""
    if format_time(start, HALF_OF_DAY) != format_time(end, HALF_OF_DAY):
        return f"{time_of_day(start)}–{time_of_day(end)}"
    if _language() == "en":
        return f"{format_time(start, HOUR)}–{time_of_day(end)}"
    return f"{time_of_day(start)}–{format_time(end, HOUR)}"


def day(at: datetime | date) -> str:
    """A day that is never far off, with its weekday: 11월 23일 월요일."""
    return keep_together(str(format_date(at, DAY[_language()])))


def day_and_time(at: datetime) -> str:
    """A day that is never far off, and a time: 11월 23일 월요일 오전 10:00."""
    return f"{day(at)}{BETWEEN[_language()]}{time_of_day(at)}"


def date_of(iso: str | None) -> str:
    """A day with its year, from its eight digits (1954-03-02): 1954년 3월 2일. Nothing for none."""
    return keep_together(str(format_date(date.fromisoformat(iso), "long"))) if iso else ""


def moment(at: datetime | None) -> str:
    """A day and a time: 11월 23일 (월) 오전 10:00; with the year unless it is this one. Nothing for none."""
    if at is None:
        return ""
    this_year = at.astimezone(clock.KST).year == clock.today_in_korea().year
    short = (SHORT if this_year else SHORT_OF_YEAR)[_language()]
    return f"{keep_together(str(format_datetime(at, short)))}{BETWEEN[_language()]}{time_of_day(at)}"
