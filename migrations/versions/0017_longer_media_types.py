"""Names of media types as long as they may be: that of an Excel workbook has 65 characters, one too many until now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SHORT, LONG = sa.String(64), sa.String(255)


def upgrade() -> None:
    with op.batch_alter_table("stored_object") as table:
        table.alter_column("media_type", existing_type=SHORT, type_=LONG, existing_nullable=False)


def downgrade() -> None:
    op.execute(sa.text("UPDATE stored_object SET media_type = substr(media_type, 1, 64)"))
    with op.batch_alter_table("stored_object") as table:
        table.alter_column("media_type", existing_type=LONG, type_=SHORT, existing_nullable=False)
