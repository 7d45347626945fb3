"""Connections, transactions and column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from flask import Flask
from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Engine, Integer, event, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from app.extensions import Base, db

Row = TypeVar("Row", bound=Base)

log = structlog.get_logger(__name__)

_WRITE = "salpim_write"
_IN_BLOCK = "salpim.transaction"
_BEFORE_COMMIT = "salpim.before_commit"
_AFTER_COMMIT = "salpim.after_commit"
_LAST_LOCK = 7_260_001
_ID_DIGITS = 18  # as many as always fit into 64 bits
_PRAGMAS = (
    "foreign_keys=ON",
    "journal_mode=WAL",
    # NORMAL would let a power loss take the last commits back, and with them a signature already shown.
    "synchronous=FULL",
    # Erasing destroys keys: what was deleted must not stay readable in free pages, whatever the build's default.
    "secure_delete=ON",
    "busy_timeout=30000",
)

# SQLite numbers rows by itself only for a column of type INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC and returned in UTC. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def row_id(text: str | None) -> int | None:
    """Return the number of a row that an address or a form gives, None for what can be none."""
    return int(text) if text and text.isdecimal() and len(text) <= _ID_DIGITS else None


def random_id() -> str:
    """Return an id that cannot be guessed (120 bits), fit for a URL and, since it begins with no hyphen, for a command."""
    while (found := secrets.token_urlsafe(15)).startswith("-"):
        pass
    return found


def engine_options(url: str) -> dict[str, Any]:
    """Return SQLAlchemy engine options for `url`."""
    # Parameters hold personal data and would end up in the text of errors, and so in the logs.
    common: dict[str, Any] = {"hide_parameters": True, "max_overflow": 60}
    if url.startswith("sqlite"):
        return common | {"connect_args": {"timeout": 30}, "pool_size": 20}
    return common | {"pool_pre_ping": True, "pool_size": 10}


def init_app(app: Flask) -> None:
    """Make every SQLite connection durable, strict and patient."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A reader that later writes could find its snapshot outdated and fail at once, whatever the
        # busy timeout; a transaction that means to write therefore takes the write lock first.
        write = connection.get_execution_options().get(_WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """Run one unit of work that writes: commit at the end, roll back on any error.

    A block inside another joins it. Whatever was read before the block belongs to an older
    snapshot: read again what a decision rests on, with `fresh`.
    """
    session = db.session()
    if session.info.get(_IN_BLOCK):
        yield session
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes were made outside of a transaction block")
    session.commit()
    session.info[_IN_BLOCK] = True
    session.info[_BEFORE_COMMIT], session.info[_AFTER_COMMIT] = [], []
    try:
        session.connection(execution_options={_WRITE: True})
        yield session
        _run_last(session)
        session.commit()
        hooks: list[Callable[[], None]] = session.info[_AFTER_COMMIT]
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_IN_BLOCK, None)
        session.info.pop(_BEFORE_COMMIT, None)
        session.info.pop(_AFTER_COMMIT, None)
    for hook in hooks:
        try:
            hook()
        except Exception:
            # The change is saved: its author must not be told otherwise, nor the other hooks go without.
            log.exception("transaction.after_commit_failed")


def is_writing() -> bool:
    """True inside a `transaction` block: what is decided here is written upon."""
    return bool(db.session().info.get(_IN_BLOCK))


def _run_last(session: Session) -> None:
    hooks: list[Callable[[], None]] = session.info[_BEFORE_COMMIT]
    if not hooks:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LAST_LOCK})
    for hook in hooks:
        hook()


def before_commit(hook: Callable[[], None]) -> None:
    """Call `hook` as the last thing in the transaction in progress, one transaction at a time.

    What is numbered across all transactions (events, audit entries) is written here: everyone
    takes this lock after their own row locks, so nobody waits in a circle, and numbers become
    visible in the order in which they were drawn.
    """
    _hooks(_BEFORE_COMMIT).append(hook)


def after_commit(hook: Callable[[], None]) -> None:
    """Call `hook` once the transaction in progress has been committed, and not if it fails."""
    _hooks(_AFTER_COMMIT).append(hook)


def _hooks(when: str) -> list[Callable[[], None]]:
    info = db.session().info
    if not info.get(_IN_BLOCK):
        raise RuntimeError("hooks need a transaction block")
    hooks: list[Callable[[], None]] = info[when]
    return hooks


def fresh(model: type[Row], key: Any) -> Row | None:
    """Read the row anew and lock it until the transaction ends; None if there is none.

    Others who would lock it wait; rows that only refer to it may still be written, so that two who lock
    different rows and refer to each other's do not wait in a circle (PostgreSQL's FOR NO KEY UPDATE).
    """
    return db.session.get(model, key, populate_existing=True, with_for_update={"key_share": True})
