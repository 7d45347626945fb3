"""What somebody could do who owns the database: take its guards away, change rows, put the guards back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Executable, text
from sqlalchemy.orm import Session

from app.infra.database import transaction
from app.infra.immutability import Guards


@contextmanager
def unguarded(guards: Guards) -> Iterator[Session]:
    """A transaction in which the table behind `guards` lets itself be changed."""
    with transaction() as session:
        dialect = session.get_bind().dialect.name
        for statement in guards.dropped[dialect]:
            session.execute(text(statement))
        yield session
        session.flush()
        for statement in guards.made[dialect]:
            session.execute(text(statement))
    session.expire_all()


def tamper(guards: Guards, *statements: Executable) -> None:
    """Run the statements as the owner of the database could."""
    with unguarded(guards) as session:
        for statement in statements:
            session.execute(statement)
