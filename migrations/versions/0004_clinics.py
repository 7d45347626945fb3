"""The register of clinics: each file loaded, its clinics, and the rows that were wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CURRENT = sa.text("state = 'current'")


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "clinic_register",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        key("object_id"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("encoding", sa.String(length=16), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("located", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Integer(), nullable=False),
        sa.Column("may_shrink", sa.Boolean(), nullable=False),
        sa.Column("error_ko", sa.Text(), nullable=True),
        sa.Column("error_en", sa.Text(), nullable=True),
        key("created_by_id", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('current', 'replaced') OR kept + closed + duplicate + rejected = total",
            name=op.f("ck_clinic_register_none_lost"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running') OR finished_at IS NOT NULL", name=op.f("ck_clinic_register_dated")
        ),
        sa.CheckConstraint(
            "(under_way IS NOT NULL) = (state IN ('queued', 'running'))",
            name=op.f("ck_clinic_register_under_way"),
        ),
        sa.CheckConstraint("under_way", name=op.f("ck_clinic_register_under_way_or_null")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["stored_object.id"], name=op.f("fk_clinic_register_object_id_stored_object")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_clinic_register_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic_register")),
        sa.UniqueConstraint("public_id", name=op.f("uq_clinic_register_public_id")),
        sa.UniqueConstraint("under_way", name=op.f("uq_clinic_register_under_way")),
    )
    with op.batch_alter_table("clinic_register") as table:
        table.create_index(op.f("ix_clinic_register_created_at"), ["created_at"])
        table.create_index(
            "uq_clinic_register_current",
            ["state"],
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        )
    op.create_table(
        "clinic",
        key("id"),
        key("register_id"),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("kind_name", sa.String(length=40), nullable=False),
        sa.Column("skin", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("telephone", sa.String(length=24), nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("area", sa.String(length=5), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("cell", sa.Integer(), nullable=True),
        sa.Column("block", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL) = (cell IS NULL) "
            "AND (cell IS NULL) = (block IS NULL)",
            name=op.f("ck_clinic_position_whole"),
        ),
        sa.CheckConstraint("skin BETWEEN 0 AND 2", name=op.f("ck_clinic_skin")),
        sa.ForeignKeyConstraint(
            ["register_id"], ["clinic_register.id"], name=op.f("fk_clinic_register_id_clinic_register")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    with op.batch_alter_table("clinic") as table:
        for grid in ("cell", "block"):
            table.create_index(
                f"ix_clinic_{grid}", ["register_id", grid, "skin", "kind", "latitude", "longitude", "id"]
            )
        for place in ("area", "province"):
            table.create_index(f"ix_clinic_{place}", ["register_id", place, "skin", "name", "id", "kind"])
    op.create_table(
        "clinic_rejected_row",
        key("id"),
        key("register_id"),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("part", sa.String(length=120), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("reason_ko", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["register_id"],
            ["clinic_register.id"],
            name=op.f("fk_clinic_rejected_row_register_id_clinic_register"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic_rejected_row")),
    )
    with op.batch_alter_table("clinic_rejected_row") as table:
        table.create_index("ix_clinic_rejected_row_register_id", ["register_id", "id"])


def downgrade() -> None:
    op.drop_table("clinic_rejected_row")
    op.drop_table("clinic")
    op.drop_table("clinic_register")
