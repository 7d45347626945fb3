"""The numbers of reading.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("reading.toml")


@dataclass(frozen=True)
class ReadingRules:
    """How many cases a doctor may hold and for how long, and the limits of a finding; see reading.toml."""

    hold_limit: int
    hold_hours: float
    within_days_limit: int
    earlier_shown: int

    @property
    def hold(self) -> timedelta:
        """How long a case may stay in hand."""
        return timedelta(hours=self.hold_hours)


@cache
def rules() -> ReadingRules:
    """Return the rules in force."""
    return ReadingRules(**tomllib.loads(FILE.read_text(encoding="utf-8")))
