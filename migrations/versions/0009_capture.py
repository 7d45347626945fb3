"""From how far a photo was taken; photos that come in piece by piece."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("photo") as table:
        table.add_column(sa.Column("view", sa.String(length=16), nullable=True))
        table.create_check_constraint(op.f("ck_photo_view"), "view IN ('overview', 'closeup')")
    op.create_table(
        "upload",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        key("case_id"),
        key("user_id"),
        sa.Column("view", sa.String(length=16), nullable=True),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        key("photo_id", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("received BETWEEN 0 AND length", name=op.f("ck_upload_within")),
        sa.CheckConstraint("state = 'open' OR received = length", name=op.f("ck_upload_whole")),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_upload_reasoned")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_upload_case_id_case")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_upload_user_id_user")),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_upload_photo_id_photo"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("public_id", name=op.f("uq_upload_public_id")),
    )
    with op.batch_alter_table("upload") as table:
        for column in ("case_id", "user_id", "photo_id", "expires_at"):
            table.create_index(op.f(f"ix_upload_{column}"), [column])
    op.create_table(
        "upload_chunk",
        key("id"),
        key("upload_id"),
        sa.Column("start", sa.Integer(), nullable=False),
        key("object_id"),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_upload_chunk_upload_id_upload")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["stored_object.id"], name=op.f("fk_upload_chunk_object_id_stored_object")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_chunk")),
        sa.UniqueConstraint("upload_id", "start", name=op.f("uq_upload_chunk_upload_id")),
    )


def downgrade() -> None:
    op.drop_table("upload_chunk")
    op.drop_table("upload")
    with op.batch_alter_table("photo") as table:
        table.drop_constraint(op.f("ck_photo_view"), type_="check")
        table.drop_column("view")
