"""Leaving: who asked to be erased, what is restricted until when, and how findings go after their legal period."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("cancelled_at IS NULL")
MESSAGE = "a signed finding never changes"
LET_GO = "EXISTS (SELECT 1 FROM expired_case WHERE expired_case.case_id = OLD.case_id)"
DROP = {"sqlite": "DROP TRIGGER finding_never_deleted"}
WITH_KEY = {
    "sqlite": f"""CREATE TRIGGER finding_never_deleted BEFORE DELETE ON finding WHEN NOT {LET_GO}
                BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "postgresql": f"""CREATE OR REPLACE FUNCTION finding_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN IF TG_OP = 'DELETE' THEN IF {LET_GO} THEN RETURN OLD; END IF; END IF; """
    f"""RAISE EXCEPTION '{MESSAGE}'; END $$""",
}
WITHOUT_KEY = {
    "sqlite": f"""CREATE TRIGGER finding_never_deleted BEFORE DELETE ON finding
                BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    "postgresql": f"""CREATE OR REPLACE FUNCTION finding_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$""",
}


def upgrade() -> None:
    op.create_table(
        "departure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("patient_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=True),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("begun_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("let_go_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "cancelled_at IS NULL OR begun_at IS NULL", name=op.f("ck_departure_cancelled_in_time")
        ),
        sa.CheckConstraint(
            "done_at IS NULL OR begun_at IS NOT NULL", name=op.f("ck_departure_begun_first")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_departure_patient_id_patient")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_departure_user_id_user")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user.id"], name=op.f("fk_departure_asked_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure")),
    )
    op.create_index(
        "uq_departure_open", "departure", ["patient_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(op.f("ix_departure_user_id"), "departure", ["user_id"])
    op.create_index(op.f("ix_departure_due_at"), "departure", ["due_at"])
    op.create_table(
        "expired_case",
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_expired_case")),
    )
    # Both databases add and drop a bare column without making the table anew, which would take triggers along.
    op.add_column("patient", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("case", sa.Column("kept_until", MOMENT, nullable=True))
    _guard_with(WITH_KEY)


def downgrade() -> None:
    _guard_with(WITHOUT_KEY)
    op.drop_column("case", "kept_until")
    op.drop_column("patient", "erased_at")
    op.drop_table("expired_case")
    op.drop_table("departure")


def _guard_with(statements: dict[str, str]) -> None:
    dialect = op.get_bind().dialect.name
    if dialect in DROP:
        op.execute(DROP[dialect])
    op.execute(statements[dialect])
