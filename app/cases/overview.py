"""Figures about all cases that say nothing of any one: for those who run the portal."""

from __future__ import annotations

from sqlalchemy import func, select

from app.cases.lateness import UNREAD
from app.cases.models import Case
from app.extensions import db
from app.infra import clock


def overdue_count() -> int:
    """Return how many cases wait for a reading beyond the time that the patient was told."""
    late = (Case.state.in_(UNREAD), Case.read_by < clock.now())
    query = select(func.count()).select_from(Case).where(*late)
    return db.session.scalar(query) or 0
