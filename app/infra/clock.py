"""The only source of the present. Services ask `now()`; tests set a fixed clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import current_app, has_app_context

KST = ZoneInfo("Asia/Seoul")
_KEY = "salpim.clock"


def system() -> datetime:
    """Return the present, aware, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """Return the present of the running application, aware, in UTC."""
    if not has_app_context():
        return system()
    clock: Callable[[], datetime] = current_app.extensions.get(_KEY, system)
    return clock()


def today_in_korea() -> datetime:
    """Return this day's midnight in Korea, aware, in Asia/Seoul."""
    return now().astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)


def set_clock(extensions: dict[str, object], clock: Callable[[], datetime]) -> None:
    """Make `clock` the present of the application that owns `extensions`."""
    extensions[_KEY] = clock
