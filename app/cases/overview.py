"""Figures about all cases that say nothing of any one: for those who run the portal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from app.cases.lateness import UNREAD
from app.cases.models import Case, Finding, NextStep
from app.extensions import db
from app.infra import clock


def overdue_count() -> int:
    """Return how many cases wait for a reading beyond the time that the patient was told."""
    late = (Case.state.in_(UNREAD), Case.read_by < clock.now())
    query = select(func.count()).select_from(Case).where(*late)
    return db.session.scalar(query) or 0


@dataclass(frozen=True)
class Share:
    """Some of a number of cases."""

    count: int
    total: int

    @property
    def percent(self) -> int:
        """The share in whole per cent."""
        return round(100 * self.count / self.total)


SHARE_FROM = 10
"""Below it a share says more of single people than of what to expect."""


def in_person_share() -> Share | None:
    """Return how often the doctors here sent to a clinic, by the finding that holds; None below `SHARE_FROM` cases."""
    newest = select(func.max(Finding.id)).join(Finding.case).where(~Case.is_demo).group_by(Finding.case_id)
    query = select(Finding.next_step, func.count()).where(Finding.id.in_(newest)).group_by(Finding.next_step)
    found = {row[0]: row[1] for row in db.session.execute(query)}
    total = sum(found.values())
    return Share(found.get(NextStep.IN_PERSON, 0), total) if total >= SHARE_FROM else None
