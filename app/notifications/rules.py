"""The numbers of rules.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True)
class Rules:
    """When people are reminded, and when they are left in peace; see rules.toml for what each means."""

    quiet_from: time
    quiet_until: time
    day_before_at: time
    soon_minutes: int
    still_in_time_minutes: int
    photograph_at: time
    photograph_again_days: int
    in_person_days: int
    in_person_at: time
    late_days: int


@cache
def rules() -> Rules:
    """Return the rules in force."""
    return Rules(**tomllib.loads(FILE.read_text(encoding="utf-8")))
