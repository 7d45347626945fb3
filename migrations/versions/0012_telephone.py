"""The telephone: which clinics were read aloud to a caller, and who speaks for a child."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("id", KEY, nullable=False),
        sa.Column("patient_id", KEY, nullable=False),
        sa.Column("told_by_id", KEY, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("area", sa.LargeBinary(), nullable=False),
        sa.Column("clinics", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_referral_patient_id_patient")),
        sa.ForeignKeyConstraint(["told_by_id"], ["user.id"], name=op.f("fk_referral_told_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
    )
    op.create_table(
        "telephone_guardian",
        sa.Column("patient_id", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("recorded_by_id", KEY, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_telephone_guardian_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["user.id"], name=op.f("fk_telephone_guardian_recorded_by_id_user")
        ),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_telephone_guardian")),
    )
    with op.batch_alter_table("referral") as table:
        table.create_index(op.f("ix_referral_patient_id"), ["patient_id"])


def downgrade() -> None:
    op.drop_table("telephone_guardian")
    op.drop_table("referral")
