"""Permissions for those who act for a grown patient, whom the doctor saw, and who acted for whom in the log.

The log gets a column and keeps its entries as they are: one without a permission is signed as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IN_FORCE = sa.text("revoked_at IS NULL")
OPEN = sa.text("closed_at IS NULL")
MOMENT = sa.DateTime(timezone=True)


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def upgrade() -> None:
    # Not in a batch: SQLite would make the tables anew, without the log's guards.
    op.add_column("audit_entry", sa.Column("proxy", sa.String(length=24), nullable=True))
    op.add_column("patient", sa.Column("mobile", sa.LargeBinary(length=512), nullable=True))
    op.create_index(op.f("ix_patient_mobile"), "patient", ["mobile"])
    _permissions()
    _asking()
    op.create_table(
        "health_post",
        key("user_id"),
        sa.Column("institution", sa.String(length=80), nullable=False),
        key("checked_by_id"),
        sa.Column("checked_at", MOMENT, nullable=False),
        refers("health_post", "user_id", "user"),
        refers("health_post", "checked_by_id", "user"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_health_post")),
    )
    op.create_table(
        "identity_check",
        key("id"),
        key("booking_id"),
        key("checked_by_id"),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        refers("identity_check", "booking_id", "booking"),
        refers("identity_check", "checked_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_check")),
    )
    op.create_index(op.f("ix_identity_check_booking_id"), "identity_check", ["booking_id"])


def _permissions() -> None:
    op.create_table(
        "proxy_permission",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        key("patient_id"),
        key("proxy_id"),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("granted_how", sa.String(length=16), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        key("revoked_by_id", nullable=True),
        sa.Column("revoked_how", sa.String(length=16), nullable=True),
        sa.CheckConstraint("granted_at < ends_at", name=op.f("ck_proxy_permission_span")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_how IS NULL)", name=op.f("ck_proxy_permission_revoked")
        ),
        refers("proxy_permission", "patient_id", "patient"),
        refers("proxy_permission", "proxy_id", "user"),
        refers("proxy_permission", "revoked_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_permission")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proxy_permission_public_id")),
    )
    op.create_index(
        "uq_proxy_permission_open",
        "proxy_permission",
        ["proxy_id", "patient_id"],
        unique=True,
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )
    op.create_index("ix_proxy_permission_patient_id", "proxy_permission", ["patient_id"])


def _asking() -> None:
    op.create_table(
        "proxy_request",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        key("proxy_id"),
        sa.Column("mobile", sa.LargeBinary(length=512), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("nonce", sa.String(length=24), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        key("permission_id", nullable=True),
        refers("proxy_request", "proxy_id", "user"),
        refers("proxy_request", "permission_id", "proxy_permission"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_request")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proxy_request_public_id")),
        sa.UniqueConstraint("nonce", name=op.f("uq_proxy_request_nonce")),
    )
    op.create_index("ix_proxy_request_proxy_at", "proxy_request", ["proxy_id", "created_at"])
    op.create_table(
        "proxy_offer",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        key("patient_id"),
        sa.Column("address", sa.LargeBinary(length=512), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        key("permission_id", nullable=True),
        refers("proxy_offer", "patient_id", "patient"),
        refers("proxy_offer", "permission_id", "proxy_permission"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_offer")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proxy_offer_public_id")),
    )
    op.create_index(
        "uq_proxy_offer_open",
        "proxy_offer",
        ["patient_id", "address"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_proxy_offer_address", "proxy_offer", ["address"])


def downgrade() -> None:
    for table in ("identity_check", "health_post", "proxy_offer", "proxy_request", "proxy_permission"):
        op.drop_table(table)
    op.drop_index(op.f("ix_patient_mobile"), "patient")
    op.drop_column("patient", "mobile")
    op.drop_column("audit_entry", "proxy")
