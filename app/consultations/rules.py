"""The numbers of rules.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True)
class Rules:
    """How bookings are made, held, moved and missed, and what a doctor may offer; see rules.toml for units."""

    lead_minutes: int
    horizon_days: int
    shown_days: int
    offered_instead: int
    hold_minutes: int
    cancel_minutes: int
    move_minutes: int
    move_limit: int
    missed_limit: int
    missed_days: int
    missed_mark_days: int
    slot_choices: list[int]
    buffer_choices: list[int]
    capacity_limit: int
    time_off_limit_days: int
    price_limit_won: int


@cache
def rules() -> Rules:
    """Return the rules in force."""
    return Rules(**tomllib.loads(FILE.read_text(encoding="utf-8")))
