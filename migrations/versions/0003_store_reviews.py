"""Reviews by the store's own id, with what they said before an edit; collections, their schedules, added apps.

Reviews from before have no store, no id and no version: they get them when a store shows them. Which further
files held a review is known from now on only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLLECTING = sa.text("state IN ('queued', 'running', 'stopping')")
IDENTIFIED = sa.text("store_id <> ''")


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    _new_tables()
    # With a default of the server for the rows that are there already; the portal gives every value itself.
    with op.batch_alter_table("review_import") as table:
        table.add_column(sa.Column("edited", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("review") as table:
        table.alter_column("import_id", existing_type=key("import_id").type, nullable=True)
        table.add_column(key("collection_id", nullable=True))
        table.add_column(sa.Column("store", sa.String(length=16), server_default="", nullable=False))
        table.add_column(sa.Column("store_id", sa.String(length=200), server_default="", nullable=False))
        table.add_column(sa.Column("version", sa.String(length=40), server_default="", nullable=False))
        table.create_foreign_key(
            op.f("fk_review_collection_id_review_collection"),
            "review_collection",
            ["collection_id"],
            ["id"],
        )
        table.create_check_constraint(
            op.f("ck_review_from_somewhere"), "import_id IS NOT NULL OR collection_id IS NOT NULL"
        )
    with op.batch_alter_table("review") as table:
        table.create_index(op.f("ix_review_collection_id"), ["collection_id"])
        table.create_index(
            "uq_review_store_id",
            ["store", "store_id"],
            unique=True,
            sqlite_where=IDENTIFIED,
            postgresql_where=IDENTIFIED,
        )
    _tables_about_reviews()


def _new_tables() -> None:
    op.create_table(
        "added_app",
        key("id"),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("app_store", sa.String(length=64), nullable=True),
        sa.Column("google_play", sa.String(length=64), nullable=True),
        key("created_by_id"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "app_store IS NOT NULL OR google_play IS NOT NULL", name=op.f("ck_added_app_somewhere")
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_added_app_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_added_app")),
        sa.UniqueConstraint("app_store", name=op.f("uq_added_app_app_store")),
        sa.UniqueConstraint("google_play", name=op.f("uq_added_app_google_play")),
    )
    op.create_table(
        "review_collection",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("pages_total", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("edited", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("error_ko", sa.Text(), nullable=True),
        sa.Column("error_en", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        key("created_by_id"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("store IN ('appstore', 'googleplay')", name=op.f("ck_review_collection_store")),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'running', 'stopping'))",
            name=op.f("ck_review_collection_finished"),
        ),
        sa.CheckConstraint(
            "state <> 'failed' OR error_ko IS NOT NULL", name=op.f("ck_review_collection_explained")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_review_collection_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_collection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_review_collection_public_id")),
    )
    with op.batch_alter_table("review_collection") as table:
        table.create_index(op.f("ix_review_collection_created_at"), ["created_at"])
        table.create_index("ix_review_collection_app_store", ["app", "store", "id"])
        table.create_index(
            "uq_review_collection_under_way",
            ["app", "store"],
            unique=True,
            sqlite_where=COLLECTING,
            postgresql_where=COLLECTING,
        )
    op.create_table(
        "collection_schedule",
        key("id"),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        key("created_by_id"),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_collection_schedule_hour")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_collection_schedule_weekday")),
        sa.CheckConstraint("(next_at IS NOT NULL) = active", name=op.f("ck_collection_schedule_next")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_collection_schedule_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_schedule")),
        sa.UniqueConstraint("app", "store", name=op.f("uq_collection_schedule_app")),
    )
    with op.batch_alter_table("collection_schedule") as table:
        table.create_index("ix_collection_schedule_next_at", ["next_at"])


def _tables_about_reviews() -> None:
    op.create_table(
        "former_review",
        key("id"),
        key("review_id"),
        key("import_id", nullable=True),
        key("collection_id", nullable=True),
        sa.Column("star", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_former_review_review_id_review")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["review_import.id"], name=op.f("fk_former_review_import_id_review_import")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["review_collection.id"],
            name=op.f("fk_former_review_collection_id_review_collection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_review")),
    )
    op.create_table(
        "review_again",
        key("review_id"),
        key("import_id"),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_review_again_review_id_review")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["review_import.id"], name=op.f("fk_review_again_import_id_review_import")
        ),
        sa.PrimaryKeyConstraint("review_id", "import_id", name=op.f("pk_review_again")),
    )
    with op.batch_alter_table("former_review") as table:
        for column in ("review_id", "import_id", "collection_id"):
            table.create_index(op.f(f"ix_former_review_{column}"), [column])
    with op.batch_alter_table("review_again") as table:
        table.create_index(op.f("ix_review_again_import_id"), ["import_id"])


def downgrade() -> None:
    op.drop_table("review_again")
    op.drop_table("former_review")
    # Those that came from a store alone have no place in the table as it was.
    op.execute("DELETE FROM review WHERE import_id IS NULL")
    with op.batch_alter_table("review") as table:
        table.drop_index("uq_review_store_id")
        table.drop_index(op.f("ix_review_collection_id"))
    with op.batch_alter_table("review") as table:
        table.drop_constraint(op.f("ck_review_from_somewhere"), type_="check")
        table.drop_constraint(op.f("fk_review_collection_id_review_collection"), type_="foreignkey")
        for column in ("version", "store_id", "store", "collection_id"):
            table.drop_column(column)
        table.alter_column("import_id", existing_type=key("import_id").type, nullable=False)
    # Not in a batch: SQLite would make the table anew, and reviews refer to it.
    op.drop_column("review_import", "edited")
    op.drop_table("collection_schedule")
    op.drop_table("review_collection")
    op.drop_table("added_app")
