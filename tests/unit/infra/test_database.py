"""What every connection to an SQLite file is told, whatever that SQLite was built to do by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from app.infra.database import _prepare_sqlite

FULL = 2
SECRET = "a data key that somebody asked us to destroy"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "portal.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """Connections of a careless SQLite, prepared as ours are."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(file)
        for pragma in ("synchronous=OFF", "secure_delete=OFF", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    made = create_engine("sqlite://", creator=connect)
    _prepare_sqlite(made)
    yield made
    made.dispose()


def _pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_a_power_loss_takes_no_commit_back(engine: Engine) -> None:
    assert _pragma(engine, "journal_mode") == "wal"
    assert _pragma(engine, "synchronous") == FULL, "anything less may lose what was acknowledged"


def test_what_refers_to_a_row_cannot_outlive_it(engine: Engine) -> None:
    assert _pragma(engine, "foreign_keys") == 1


def test_what_was_deleted_cannot_be_read_from_the_file(engine: Engine, file: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id INTEGER PRIMARY KEY, value TEXT)")
        connection.exec_driver_sql("INSERT INTO kept (value) VALUES (?)", (SECRET,))
    _write_back(engine)
    assert SECRET.encode() in file.read_bytes()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM kept")
    _write_back(engine)
    assert SECRET.encode() not in file.read_bytes()


def _write_back(engine: Engine) -> None:
    """Bring what stands in the log into the file; outside of a transaction, as SQLite demands."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
