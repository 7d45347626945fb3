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
    """How long the model may take, how many cases a doctor may hold and how long, limits of a finding (reading.toml)."""

    hold_limit: int
    hold_hours: float
    analysis_patience_hours: float
    within_days_limit: int
    earlier_shown: int

    @property
    def hold(self) -> timedelta:
        """How long a case may stay in hand."""
        return timedelta(hours=self.hold_hours)

    @property
    def analysis_patience(self) -> timedelta:
        """How long a case may wait for the model."""
        return timedelta(hours=self.analysis_patience_hours)


@cache
def rules() -> ReadingRules:
    """Return the rules in force."""
    return ReadingRules(**tomllib.loads(FILE.read_text(encoding="utf-8")))
