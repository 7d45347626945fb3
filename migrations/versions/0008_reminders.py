"""Reminders; how people want to be told; what became of each message; notices to patients who have only a number.

What was sent before is marked as sent. In which form and by which template is known from now on only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DIRECT = sa.text("user_id IS NULL")
OLD = "id, notice_id, channel, claims, claimed_at, sent_at"


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    _put_deliveries_aside()
    with op.batch_alter_table("notice") as table:
        table.add_column(key("patient_id", nullable=True))
        table.alter_column("user_id", existing_type=key("user_id").type, nullable=True)
        table.create_foreign_key(op.f("fk_notice_patient_id_patient"), "patient", ["patient_id"], ["id"])
        table.create_check_constraint(
            op.f("ck_notice_to_someone"), "(user_id IS NULL) <> (patient_id IS NULL)"
        )
    with op.batch_alter_table("notice") as table:
        table.create_index(
            "uq_notice_direct",
            ["patient_id", "kind", "event_id"],
            unique=True,
            sqlite_where=DIRECT,
            postgresql_where=DIRECT,
        )
    _put_deliveries_back()
    with op.batch_alter_table("delivery") as table:
        table.add_column(sa.Column("state", sa.String(length=8), server_default="waiting", nullable=False))
        table.add_column(sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("why", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("form", sa.String(length=8), nullable=True))
        table.add_column(sa.Column("template", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("size", sa.Integer(), nullable=True))
    op.execute("UPDATE delivery SET state = 'sent' WHERE sent_at IS NOT NULL")
    with op.batch_alter_table("delivery") as table:
        table.create_check_constraint(op.f("ck_delivery_sent"), "(state = 'sent') = (sent_at IS NOT NULL)")
    with op.batch_alter_table("delivery") as table:
        table.create_index("ix_delivery_state", ["state", "id"])
    _new_tables()


def _put_deliveries_aside() -> None:
    # SQLite changes a table by making it anew, and cannot while others refer to its rows.
    op.execute(f"CREATE TABLE delivery_kept AS SELECT {OLD} FROM delivery")
    op.execute("DELETE FROM delivery")


def _put_deliveries_back() -> None:
    op.execute(f"INSERT INTO delivery ({OLD}) SELECT {OLD} FROM delivery_kept ORDER BY id")
    op.drop_table("delivery_kept")


def _new_tables() -> None:
    op.create_table(
        "channel_choice",
        key("user_id"),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_channel_choice_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_channel_choice")),
    )
    op.create_table(
        "reminder",
        key("id"),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("topic", sa.String(length=96), nullable=False),
        key("patient_id"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("useful_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name=op.f("ck_reminder_settled")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_reminder_patient_id_patient")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("kind", "topic", "due_at", name=op.f("uq_reminder_kind")),
    )
    with op.batch_alter_table("reminder") as table:
        table.create_index("ix_reminder_due", ["state", "due_at"])
        table.create_index("ix_reminder_topic", ["topic"])
        table.create_index(op.f("ix_reminder_patient_id"), ["patient_id"])


def downgrade() -> None:
    op.drop_table("reminder")
    op.drop_table("channel_choice")
    with op.batch_alter_table("delivery") as table:
        table.drop_index("ix_delivery_state")
    with op.batch_alter_table("delivery") as table:
        table.drop_constraint(op.f("ck_delivery_sent"), type_="check")
        for column in ("size", "template", "form", "why", "given_up_at", "state"):
            table.drop_column(column)
    # Notices to those who have no account have no place in the table as it was.
    op.execute("DELETE FROM delivery WHERE notice_id IN (SELECT id FROM notice WHERE user_id IS NULL)")
    op.execute("DELETE FROM notice WHERE user_id IS NULL")
    _put_deliveries_aside()
    with op.batch_alter_table("notice") as table:
        table.drop_index("uq_notice_direct")
    with op.batch_alter_table("notice") as table:
        table.drop_constraint(op.f("ck_notice_to_someone"), type_="check")
        table.drop_constraint(op.f("fk_notice_patient_id_patient"), type_="foreignkey")
        table.drop_column("patient_id")
        table.alter_column("user_id", existing_type=key("user_id").type, nullable=False)
    _put_deliveries_back()
