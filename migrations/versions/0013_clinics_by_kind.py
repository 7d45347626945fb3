"""Clinics of a rare kind are found from an index of their own.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_clinic_kind", "clinic", ["register_id", "kind", "latitude", "longitude", "skin", "id"])


def downgrade() -> None:
    op.drop_index("ix_clinic_kind", table_name="clinic")
