"""Runs the migrations inside the application, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from app.extensions import db


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the portal's own column types as what they are in the database.

    A migration describes tables as they were on its day; it must not change with the code.
    """
    if kind == "type" and isinstance(item, TypeDecorator) and item.__module__.startswith("app."):
        return f"sa.{item.impl!r}"
    return False


def run() -> None:
    """Bring the database that the application is configured for to the revision asked for."""
    arguments = dict(current_app.extensions["migrate"].configure_args)
    arguments |= {"target_metadata": db.metadata, "render_item": render_item, "render_as_batch": True}
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _migrate_sqlite(connection, arguments)
        else:
            _migrate(connection, arguments)


def _migrate(connection: Connection, arguments: dict[str, Any]) -> None:
    context.configure(connection=connection, **arguments)
    with context.begin_transaction():
        context.run_migrations()


def _migrate_sqlite(connection: Connection, arguments: dict[str, Any]) -> None:
    """SQLite changes a table by making it anew: what refers to it must hold afterwards, not meanwhile."""
    # To the driver itself: within a transaction, which SQLAlchemy would begin, the switch is not heard.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        _migrate(connection, arguments)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"rows that refer to nothing after the migration: {broken[:5]}")
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


run()
