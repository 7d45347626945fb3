"""Whether an analysis leaves out the reviews of likely promotions.

Those from before left out none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("analysis") as table:
        table.add_column(
            sa.Column("without_bursts", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("analysis") as table:
        table.drop_column("without_bursts")
