"""A lesion over the years: what the patient calls it, when to photograph it again, and what changed since.

Lesions from before have no name and no day; cases from before carry no note.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SET_BY = "fk_lesion_watch_set_by_id_user"


def upgrade() -> None:
    # Column by column, never the whole table anew: cases refer to it, and SQLite would not let it go.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f'ALTER TABLE lesion ADD COLUMN watch_set_by_id {kind} CONSTRAINT {SET_BY} REFERENCES "user" (id)'
    )
    with op.batch_alter_table("lesion") as table:
        table.add_column(sa.Column("label", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("photograph_again_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("watch_set_at", sa.DateTime(timezone=True), nullable=True))
        table.create_index(op.f("ix_lesion_photograph_again_on"), ["photograph_again_on"], unique=False)
    with op.batch_alter_table("case") as table:
        table.add_column(sa.Column("note", sa.LargeBinary(), nullable=True))
        table.create_index(op.f("ix_case_lesion_id"), ["lesion_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("case") as table:
        table.drop_index(op.f("ix_case_lesion_id"))
        table.drop_column("note")
    with op.batch_alter_table("lesion") as table:
        table.drop_index(op.f("ix_lesion_photograph_again_on"))
        table.drop_column("watch_set_at")
        table.drop_column("watch_set_by_id")
        table.drop_column("photograph_again_on")
        table.drop_column("label")
