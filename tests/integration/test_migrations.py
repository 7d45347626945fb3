"""The migrations make exactly the tables that the models describe, and unmake them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

import config
from app import create_app
from app.audit.models import GUARDS as AUDIT_GUARDS
from app.cases.immutability import GUARDS as FINDING_GUARDS
from app.extensions import db

TRIGGERS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """SELECT pg_get_triggerdef(t.oid) || ' ' || p.prosrc
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT tgisinternal""",
}


@pytest.fixture
def empty(bare_database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Flask]:
    """A portal over a database without tables."""
    app = create_app(
        config.load(env="testing", instance=tmp_path / "i", database_url=bare_database_url, **secrets)
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names())


def triggers() -> set[str]:
    """What each trigger does, in the database's own words."""
    with db.engine.connect() as connection:
        found = connection.scalars(text(TRIGGERS[db.engine.dialect.name]))
        return {" ".join(definition.split()) for definition in found}


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def test_models_and_migrations_agree(empty: Flask) -> None:
    flask_migrate.upgrade()
    assert differences() == []


def test_migrated_and_created_databases_have_the_same_triggers(empty: Flask) -> None:
    flask_migrate.upgrade()
    migrated = triggers()
    flask_migrate.downgrade(revision="base")
    db.create_all()
    assert triggers() == migrated
    for guarded in ("finding", "audit_entry"):
        assert sum(f" ON {guarded} " in _plain(trigger) for trigger in migrated) == 2, guarded


def _plain(definition: str) -> str:
    return definition.replace("public.", "")


def test_what_guards_a_table_can_be_taken_away_and_put_back(empty: Flask) -> None:
    flask_migrate.upgrade()
    guarded, dialect = triggers(), db.engine.dialect.name
    for step in ("dropped", "made"):
        with db.engine.begin() as connection:
            for guards in (AUDIT_GUARDS, FINDING_GUARDS):
                for statement in getattr(guards, step)[dialect]:
                    connection.execute(text(statement))
        assert triggers() == (guarded if step == "made" else set())


def test_up_down_and_up_again(empty: Flask) -> None:
    flask_migrate.upgrade()
    first = tables()
    assert set(db.metadata.tables) <= first
    flask_migrate.downgrade(revision="base")
    assert tables() == {"alembic_version"}
    assert triggers() == set()
    flask_migrate.upgrade()
    assert tables() == first
