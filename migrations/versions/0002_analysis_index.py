"""The index that leads from a report back to its reviews.

Analyses from before have none: their pages say so, and offer to analyse again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "fk_analysis_index_id_stored_object"


def upgrade() -> None:
    with op.batch_alter_table("analysis") as table:
        kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        table.add_column(sa.Column("index_id", kind, nullable=True))
        table.create_foreign_key(NAME, "stored_object", ["index_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("analysis") as table:
        table.drop_constraint(NAME, type_="foreignkey")
        table.drop_column("index_id")
