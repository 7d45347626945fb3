"""What models on trial say of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "shadow_opinion",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("model_name", sa.String(length=64), nullable=False),
        sa.Column("model_version", sa.String(length=32), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("opinion", sa.LargeBinary(), nullable=False),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_shadow_opinion_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_opinion")),
        sa.UniqueConstraint(
            "case_id", "model_sha256", "model_version", name=op.f("uq_shadow_opinion_case_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("shadow_opinion")
