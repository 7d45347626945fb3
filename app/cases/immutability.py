"""A signed finding never changes and never goes: kept by the mapper and, behind its back, by the database.

`IMMUTABILITY_DDL` holds the statements for each database, for `create_all` (attached below) and for the
migrations to execute; `IMMUTABILITY_DROP` takes them away. On SQLite a migration that rebuilds the table
(Alembic's batch mode) must execute `IMMUTABILITY_DDL` again, for the triggers go with the old table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, event
from sqlalchemy.orm import object_session

from app.cases.models import Finding

_MESSAGE = "a signed finding never changes"

IMMUTABILITY_DDL: dict[str, tuple[str, ...]] = {
    "sqlite": (
        f"""CREATE TRIGGER finding_never_updated BEFORE UPDATE ON finding
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
        f"""CREATE TRIGGER finding_never_deleted BEFORE DELETE ON finding
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION finding_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$""",
        """CREATE TRIGGER finding_never_changed BEFORE UPDATE OR DELETE ON finding
        FOR EACH ROW EXECUTE FUNCTION finding_never_changes()""",
        """CREATE TRIGGER finding_never_emptied BEFORE TRUNCATE ON finding
        FOR EACH STATEMENT EXECUTE FUNCTION finding_never_changes()""",
    ),
}
IMMUTABILITY_DROP: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS finding_never_updated",
        "DROP TRIGGER IF EXISTS finding_never_deleted",
    ),
    "postgresql": (
        "DROP TRIGGER IF EXISTS finding_never_changed ON finding",
        "DROP TRIGGER IF EXISTS finding_never_emptied ON finding",
        "DROP FUNCTION IF EXISTS finding_never_changes()",
    ),
}


class FindingIsSigned(Exception):
    """Something tried to change or remove a signed finding; an amendment is a new version."""


def _refuse_update(_mapper: Any, _connection: Any, finding: Finding) -> None:
    session = object_session(finding)
    if session is None or session.is_modified(finding, include_collections=False):
        raise FindingIsSigned(_MESSAGE)


def _refuse_delete(_mapper: Any, _connection: Any, _finding: Finding) -> None:
    raise FindingIsSigned(_MESSAGE)


event.listen(Finding, "before_update", _refuse_update)
event.listen(Finding, "before_delete", _refuse_delete)
for _dialect, _statements in IMMUTABILITY_DDL.items():
    for _statement in _statements:
        event.listen(Finding.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
# PostgreSQL keeps the function when the table goes; SQLite drops triggers with their table.
event.listen(
    Finding.__table__,
    "after_drop",
    DDL("DROP FUNCTION IF EXISTS finding_never_changes()").execute_if(  # type: ignore[no-untyped-call]
        dialect="postgresql"
    ),
)
