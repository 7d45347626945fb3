"""Times and prices as patients and doctors read them, in Korean time and the reader's language."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import format_date, format_decimal, format_time, get_locale
from flask_babel import gettext as _

CLOCK = {"ko": "aaaa h:mm", "en": "h:mm a"}
DAY = {"ko": "M월 d일 EEEE", "en": "EEEE, MMMM d"}


def _language() -> str:
    return "en" if str(get_locale()) == "en" else "ko"


def time_of_day(at: datetime) -> str:
    """The hour and minute."""
    return str(format_time(at, CLOCK[_language()]))


def day(at: datetime | date) -> str:
    """The day with its weekday; the year is left out, for a booking is never far off."""
    return str(format_date(at, DAY[_language()]))


def when(at: datetime) -> str:
    """The day and the time."""
    return f"{day(at)} {time_of_day(at)}"


def price(won: int) -> str:
    """A price; 0 is free of charge."""
    return str(_("무료") if won == 0 else _("%(won)s원", won=format_decimal(won)))
