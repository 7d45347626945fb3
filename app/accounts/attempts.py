"""Lock-out: how often a secret may be tried for one identity before there is a pause.

Counted in the database, so that it holds across processes; counted before the secret is looked at, so
that many at once gain nothing; and counted alike for identities that nobody has, so that a lock tells
nothing about who has an account.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.errors import Locked
from app.accounts.models import FailedAttempts, OneTimeCode
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction

Row = TypeVar("Row", FailedAttempts, OneTimeCode)

LIMIT = 8
WINDOW = timedelta(minutes=15)
"""Failures further apart than this do not add up."""
LOCK = timedelta(minutes=15)
KEEP = timedelta(days=1)


def admit(purpose: str, identity: str) -> None:
    """Count one attempt at the secret of `identity`; raise `Locked` if there were too many.

    Whoever then knows the secret calls `forget`.
    """
    now = clock.now()
    until: datetime | None = None
    with transaction():
        row = _locked_row(purpose, identity, now)
        if row.locked_until is not None and row.locked_until > now:
            until = row.locked_until
        else:
            if row.locked_until is not None or row.first_at + WINDOW <= now:
                row.count, row.first_at, row.locked_until = 0, now, None
            row.count += 1
            if row.count >= LIMIT:
                row.locked_until = now + LOCK
    if until is not None:
        raise Locked(until)


def forget(purpose: str, identity: str) -> None:
    """The secret was known: start counting anew."""
    with transaction() as session:
        session.execute(
            delete(FailedAttempts).where(
                FailedAttempts.purpose == purpose, FailedAttempts.identity == identity
            )
        )


def _locked_row(purpose: str, identity: str, now: datetime) -> FailedAttempts:
    row = upsert(FailedAttempts, "identity", purpose=purpose, identity=identity, count=0, first_at=now)
    if row.count == 0:
        _tidy(now)
    return row


def upsert(model: type[Row], key: str, **values: Any) -> Row:
    """Return the row of this purpose and `key`, made if there was none, locked in any case.

    One statement: between two of them the row could be deleted by someone else.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    made = db.session.execute(
        insert(model)
        .values(**values)
        .on_conflict_do_update(index_elements=["purpose", key], set_={"purpose": values["purpose"]})
        .returning(model.id)
    )
    row = fresh(model, made.scalar_one())
    if row is None:
        raise RuntimeError("a row that was just locked is gone")
    return row


def _tidy(now: datetime) -> None:
    # Identities that nobody has would pile up otherwise. What someone else holds is left for another time.
    over = or_(FailedAttempts.locked_until.is_(None), FailedAttempts.locked_until < now)
    forget_rows(FailedAttempts, (FailedAttempts.first_at < now - KEEP) & over)


def forget_rows(model: type[Row], old: ColumnElement[bool]) -> None:
    """Delete the `old` rows that nobody has locked."""
    found = select(model.id).where(old).with_for_update(skip_locked=True)
    db.session.execute(delete(model).where(model.id.in_(found)).execution_options(synchronize_session=False))
