"""Lock-out: how often a secret may be tried for one identity before there is a pause.

Counted in the database, so that it holds across processes; counted before the secret is looked at, so
that many at once gain nothing; and counted alike for identities that nobody has, so that a lock tells
nothing about who has an account.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.errors import Locked
from app.accounts.models import FailedAttempts
from app.extensions import db
from app.infra import clock
from app.infra.database import transaction

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
    values = {"purpose": purpose, "identity": identity, "count": 0, "first_at": now}
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    made = db.session.execute(insert(FailedAttempts).values(**values).on_conflict_do_nothing())
    if made.rowcount:  # type: ignore[attr-defined]  # a cursor's result has it
        _tidy(now)
    query = select(FailedAttempts).where(
        FailedAttempts.purpose == purpose, FailedAttempts.identity == identity
    )
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def _tidy(now: datetime) -> None:
    # Identities that nobody has would pile up otherwise.
    over = or_(FailedAttempts.locked_until.is_(None), FailedAttempts.locked_until < now)
    db.session.execute(
        delete(FailedAttempts)
        .where(FailedAttempts.first_at < now - KEEP, over)
        .execution_options(synchronize_session=False)
    )
