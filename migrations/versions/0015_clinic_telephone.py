"""The telephone of a doctor's practice: whom a patient asks how they will meet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("doctor_profile") as table:
        table.add_column(sa.Column("telephone", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("doctor_profile") as table:
        table.drop_column("telephone")
