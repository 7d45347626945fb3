"""When to photograph a lesion again: chosen by the patient, proposed by a finding that says "watch"."""

from __future__ import annotations

import calendar
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from app.cases.models import Case, CaseState, Lesion, NextStep
from app.infra import clock

FILE = Path(__file__).with_name("watching.toml")


@dataclass(frozen=True)
class WatchRules:
    """What is on offer (months), what "watch" proposes without days of its own, how many lesions a page shows."""

    months: tuple[int, ...]
    propose_days: int
    lesions_shown: int


@cache
def rules() -> WatchRules:
    """Return the rules in force."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return WatchRules(tuple(raw["months"]), raw["propose_days"], raw["lesions_shown"])


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; the last of the month where it has no such day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def day_proposed(case: Case) -> date | None:
    """Return the day on which a signed case's finding would have the lesion photographed again, None if it says no such thing."""
    finding = case.finding
    if case.state != CaseState.SIGNED or finding is None or finding.next_step != NextStep.WATCH:
        return None
    days = finding.within_days or rules().propose_days
    return finding.signed_at.astimezone(clock.KST).date() + timedelta(days=days)


def proposal(lesion: Lesion, story: list[Case]) -> date | None:
    """Return the day that the newest finding proposes, if nobody has chosen since it was signed and it is still to come.

    story: the lesion's cases in order of time.
    """
    if not story or story[-1].finding is None:
        return None
    proposed = day_proposed(story[-1])
    if proposed is None or proposed < clock.today_in_korea().date():
        return None
    chosen_since = lesion.watch_set_at is not None and lesion.watch_set_at >= story[-1].finding.signed_at
    return None if chosen_since or lesion.photograph_again_on == proposed else proposed
