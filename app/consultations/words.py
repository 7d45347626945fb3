"""Times and prices as patients and doctors read them, in Korean time and the reader's language."""

from __future__ import annotations

from datetime import datetime

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.infra.moments import day as day
from app.infra.moments import day_and_time
from app.infra.moments import span as span
from app.infra.moments import time_of_day as time_of_day


def when(at: datetime) -> str:
    """The day with its weekday, and the time."""
    return day_and_time(at)


def price(won: int) -> str:
    """A price; 0 is free of charge."""
    return str(_("무료") if won == 0 else _("%(won)s원", won=format_decimal(won)))
