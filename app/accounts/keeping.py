"""How long what was signed must be kept by law, read from keeping.toml."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("keeping.toml")


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def wait() -> timedelta:
    """Return how long after the wish everything stays as it is."""
    return timedelta(days=_read()["wait"]["days"])


def years(what: str) -> int:
    """Return for how many years a "finding" or a "consultation" is kept."""
    return int(_read()["years"][what])


def kept_until(what: str, since: datetime) -> datetime:
    """Return when what was written at `since` may be erased; of a 29th of February, the 1st of March."""
    year = since.year + years(what)
    try:
        return since.replace(year=year)
    except ValueError:
        return since.replace(year=year, month=3, day=1)
