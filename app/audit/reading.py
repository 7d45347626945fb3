"""Reading the audit log, page by page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from app.audit.models import AuditEntry
from app.extensions import db

PER_PAGE = 50
VISITOR = "visitor"
AT_SIGN_UP = ("account.created", "consent.given", "patient.claimed")
"""What a visitor does for nobody but themself. Early entries call who signed up a visitor, as they were until then."""


@dataclass(frozen=True)
class Filter:
    """Which entries: from `since` to before `until` (aware), of one action and outcome, by a user, about a patient.

    None means all.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    outcome: str | None = None
    actor_id: int | None = None
    patient_id: int | None = None


@dataclass(frozen=True)
class Page:
    """Some entries, newest first; pages count from 1."""

    entries: list[AuditEntry]
    page: int
    pages: int
    count: int


def page(wanted: Filter, number: int) -> Page:
    """Return one page of the entries that fit; a page beyond the last is the last."""
    query = select(AuditEntry)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    for column, value in (
        (AuditEntry.action, wanted.action),
        (AuditEntry.outcome, wanted.outcome),
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.patient_id, wanted.patient_id),
    ):
        if value is not None:
            query = query.where(column == value)
    return _paged(query, number)


def _paged(query: Select[AuditEntry], number: int) -> Page:
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    pages = max(1, -(-count // PER_PAGE))
    number = min(max(number, 1), pages)
    newest = query.order_by(AuditEntry.number.desc()).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    return Page(list(db.session.scalars(newest)), number, pages, count)


def about(patient_id: int, number: int, *, by_others: Collection[int] = ()) -> Page:
    """Return one page of the entries about a patient.

    `by_others`: leave out what these users did themselves, and what was done in signing up.
    """
    query = select(AuditEntry).where(AuditEntry.patient_id == patient_id)
    if by_others:
        others = AuditEntry.actor_id.is_(None) | AuditEntry.actor_id.not_in(list(by_others))
        signing_up = (AuditEntry.actor_role == VISITOR) & AuditEntry.action.in_(AT_SIGN_UP)
        query = query.where(others, ~signing_up)
    return _paged(query, number)


def all_about(patient_id: int) -> list[AuditEntry]:
    """Return every entry about a patient, the newest first."""
    query = select(AuditEntry).where(AuditEntry.patient_id == patient_id)
    return list(db.session.scalars(query.order_by(AuditEntry.number.desc())))


def actions() -> list[str]:
    """Return every action that the log knows, in alphabetical order."""
    return list(db.session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))
