"""Tables whose rows never change and never go, kept so by the database behind everyone's back.

`Guards.made` holds the statements for each database, `Guards.dropped` those that take them away again: for
`create_all` and for whoever rebuilds such a table. On SQLite a migration that does so (Alembic's batch mode)
must make the guards again, for triggers go with their table. Migrations that are released keep their own
text of them; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import DDL, event

from app.extensions import Base


@dataclass(frozen=True)
class Guards:
    """The statements that make and drop a table's triggers, by the name of the database."""

    made: dict[str, tuple[str, ...]]
    dropped: dict[str, tuple[str, ...]]


def guard(model: type[Base], message: str, *, unless: str = "") -> Guards:
    """Let the table of `model` refuse UPDATE, DELETE and TRUNCATE with `message` from its creation on.

    unless: a condition on the row OLD under which the database lets a single row go (never change).
    """
    table, guards = model.__table__, _guards(model.__tablename__, message, unless)
    for dialect, statements in guards.made.items():
        for statement in statements:
            event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]
    # PostgreSQL keeps the function when the table goes; SQLite drops triggers with their table.
    without_function = DDL(guards.dropped["postgresql"][-1])  # type: ignore[no-untyped-call]
    event.listen(table, "after_drop", without_function.execute_if(dialect="postgresql"))
    return guards


def _guards(table: str, message: str, unless: str) -> Guards:
    when = f" WHEN NOT {unless}" if unless else ""
    body = f"BEGIN RAISE EXCEPTION '{message}'; END"
    if unless:
        body = (
            f"BEGIN IF TG_OP = 'DELETE' THEN IF {unless} THEN RETURN OLD; END IF; END IF; "
            f"RAISE EXCEPTION '{message}'; END"
        )
    return Guards(
        made={
            "sqlite": (
                f"""CREATE TRIGGER {table}_never_updated BEFORE UPDATE ON {table}
                BEGIN SELECT RAISE(ABORT, '{message}'); END""",
                f"""CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table}{when}
                BEGIN SELECT RAISE(ABORT, '{message}'); END""",
            ),
            "postgresql": (
                f"""CREATE OR REPLACE FUNCTION {table}_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
                {body} $$""",
                f"""CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {table}_never_changes()""",
                f"""CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION {table}_never_changes()""",
            ),
        },
        dropped={
            "sqlite": (
                f"DROP TRIGGER IF EXISTS {table}_never_updated",
                f"DROP TRIGGER IF EXISTS {table}_never_deleted",
            ),
            "postgresql": (
                f"DROP TRIGGER IF EXISTS {table}_never_changed ON {table}",
                f"DROP TRIGGER IF EXISTS {table}_never_emptied ON {table}",
                f"DROP FUNCTION IF EXISTS {table}_never_changes()",
            ),
        },
    )
