"""In which band of the doctors' queue a case stands, and whether the patient is told to hurry.

The rules are data (triage.toml, dated). A band is made of answers, waiting time and the model
together and is never explained, so that a place in the queue betrays nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import case

from app.cases.models import Band, Case, UrgentReason

FILE = Path(__file__).with_name("triage.toml")


@dataclass(frozen=True)
class Item:
    """One item of the checklist: it counts once if any of its answers is given."""

    answers: Mapping[str, str]
    points: int

    def applies(self, given: Mapping[str, Any]) -> bool:
        """True if one of its answers is among those given."""
        return any(str(given.get(question)) == answer for question, answer in self.answers.items())


@dataclass(frozen=True)
class Rules:
    """What triage.toml says."""

    dated: date
    source: str
    soon_from_points: int
    urgent_from_points: int
    soon_after: timedelta
    items: tuple[Item, ...]

    def count(self, answers: Mapping[str, Any] | None) -> int:
        """Return the points of a set of answers."""
        return sum(item.points for item in self.items if item.applies(answers or {}))


@cache
def rules() -> Rules:
    """Read triage.toml."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Rules(
        dated=raw["dated"],
        source=raw["source"],
        soon_from_points=int(raw["soon_from_points"]),
        urgent_from_points=int(raw["urgent_from_points"]),
        soon_after=timedelta(hours=float(raw["soon_after_hours"])),
        items=tuple(Item(entry["any"], int(entry["points"])) for entry in raw["points"]),
    )


def answers_urgent(answers: Mapping[str, Any] | None) -> bool:
    """True if the answers alone call for an urgent notice."""
    return rules().count(answers) >= rules().urgent_from_points


def urgent_reason(answers: Mapping[str, Any] | None, model: bool) -> UrgentReason | None:
    """Return what an urgent notice rests on, None if there is no reason for one."""
    by_answers = answers_urgent(answers)
    if model and by_answers:
        return UrgentReason.BOTH
    if model:
        return UrgentReason.MODEL
    return UrgentReason.ANSWERS if by_answers else None


def band(
    answers: Mapping[str, Any] | None, submitted_at: datetime, now: datetime, *, model_soon: bool
) -> Band:
    """Return the band of a case at the moment it enters the queue."""
    waited_long = now - submitted_at >= rules().soon_after
    soon = model_soon or waited_long or rules().count(answers) >= rules().soon_from_points
    return Band.SOON if soon else Band.IN_TURN


def queue_order(now: datetime) -> tuple[Any, ...]:
    """Return what to order waiting cases by: the soon band and those that waited long first, then age."""
    waited_long = (Case.submitted_at <= now - rules().soon_after) | (Case.read_by <= now)
    soon = (Case.band == Band.SOON) | waited_long
    return case((soon, 0), else_=1), Case.submitted_at, Case.id
