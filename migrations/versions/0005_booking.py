"""Buffers, capacity and validity of weekly times; days off, extra times, holds; bookings that move or are missed.

Bookings from before came in over the portal and have the first place of their time. Doctors from before
consult in Korean, say no region, and are closed on public holidays until they say otherwise.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOOKED = sa.text("state = 'booked'")
SPAN = "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440"


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=False)


def upgrade() -> None:
    _profiles()
    _patterns()
    _exceptions()
    _holds()
    _bookings()


def _profiles() -> None:
    with op.batch_alter_table("doctor_profile") as table:
        table.add_column(sa.Column("languages", sa.JSON(), server_default='["ko"]', nullable=False))
        table.add_column(sa.Column("area", sa.String(length=5), nullable=True))
        table.add_column(
            sa.Column("works_on_holidays", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def _patterns() -> None:
    with op.batch_alter_table("availability") as table:
        table.add_column(number("buffer_minutes", "0"))
        table.add_column(number("capacity", "1"))
        table.add_column(sa.Column("valid_from", sa.Date(), nullable=True))
        table.add_column(sa.Column("valid_until", sa.Date(), nullable=True))
        # The same hours may be offered again once they were valid until some day: overlaps are refused instead.
        table.drop_constraint(op.f("uq_availability_doctor_id"), type_="unique")
        table.create_check_constraint(op.f("ck_availability_buffer"), "buffer_minutes BETWEEN 0 AND 60")
        table.create_check_constraint(op.f("ck_availability_capacity"), "capacity BETWEEN 1 AND 50")
        table.create_check_constraint(
            op.f("ck_availability_valid"),
            "valid_until IS NULL OR valid_from IS NULL OR valid_from <= valid_until",
        )
    with op.batch_alter_table("availability") as table:
        table.create_index("ix_availability_doctor", ["doctor_id", "weekday", "start_minute"])


def _exceptions() -> None:
    op.create_table(
        "extra_time",
        key("id"),
        key("doctor_id"),
        sa.Column("day", sa.Date(), nullable=False),
        number("start_minute"),
        number("end_minute"),
        number("slot_minutes"),
        number("buffer_minutes"),
        number("capacity"),
        number("price_won"),
        sa.CheckConstraint(SPAN, name=op.f("ck_extra_time_span")),
        sa.CheckConstraint("slot_minutes BETWEEN 5 AND 120", name=op.f("ck_extra_time_slot")),
        sa.CheckConstraint("buffer_minutes BETWEEN 0 AND 60", name=op.f("ck_extra_time_buffer")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 50", name=op.f("ck_extra_time_capacity")),
        sa.CheckConstraint("price_won >= 0", name=op.f("ck_extra_time_price")),
        sa.ForeignKeyConstraint(["doctor_id"], ["user.id"], name=op.f("fk_extra_time_doctor_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_time")),
    )
    op.create_index("ix_extra_time_doctor_day", "extra_time", ["doctor_id", "day"])
    op.create_table(
        "time_off",
        key("id"),
        key("doctor_id"),
        moment("starts_at"),
        moment("ends_at"),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_time_off_span")),
        sa.ForeignKeyConstraint(["doctor_id"], ["user.id"], name=op.f("fk_time_off_doctor_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_doctor_ends", "time_off", ["doctor_id", "ends_at"])


def _holds() -> None:
    op.create_table(
        "booking_hold",
        key("held_by_id"),
        key("doctor_id"),
        moment("starts_at"),
        moment("ends_at"),
        moment("expires_at"),
        sa.ForeignKeyConstraint(
            ["held_by_id"], ["user.id"], name=op.f("fk_booking_hold_held_by_id_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["user.id"], name=op.f("fk_booking_hold_doctor_id_user")),
        sa.PrimaryKeyConstraint("held_by_id", name=op.f("pk_booking_hold")),
    )
    op.create_index("ix_booking_hold_doctor_starts", "booking_hold", ["doctor_id", "starts_at"])


def _bookings() -> None:
    with op.batch_alter_table("booking") as table:
        table.drop_index("uq_booking_time")
    with op.batch_alter_table("booking") as table:
        table.add_column(sa.Column("channel", sa.String(length=16), server_default="web", nullable=True))
        table.add_column(number("place", "1"))
        table.add_column(number("moves", "0"))
        table.add_column(sa.Column("cancel_reason", sa.LargeBinary(), nullable=True))
        table.add_column(moment("missed_at", nullable=True))
        table.create_check_constraint(op.f("ck_booking_place"), "place >= 1")
        table.create_check_constraint(
            op.f("ck_booking_missed"), "(state = 'missed') = (missed_at IS NOT NULL)"
        )
    with op.batch_alter_table("booking") as table:
        table.create_index(
            "uq_booking_place",
            ["doctor_id", "starts_at", "place"],
            unique=True,
            sqlite_where=BOOKED,
            postgresql_where=BOOKED,
        )


def downgrade() -> None:
    _bookings_back()
    for table in ("booking_hold", "time_off", "extra_time"):
        op.drop_table(table)
    op.execute(
        "DELETE FROM availability WHERE id NOT IN"
        " (SELECT min(id) FROM availability GROUP BY doctor_id, weekday, start_minute)"
    )
    with op.batch_alter_table("availability") as batch:
        batch.drop_index("ix_availability_doctor")
    with op.batch_alter_table("availability") as batch:
        for name in ("buffer", "capacity", "valid"):
            batch.drop_constraint(op.f(f"ck_availability_{name}"), type_="check")
        for column in ("valid_until", "valid_from", "capacity", "buffer_minutes"):
            batch.drop_column(column)
        batch.create_unique_constraint(
            op.f("uq_availability_doctor_id"), ["doctor_id", "weekday", "start_minute"]
        )
    with op.batch_alter_table("doctor_profile") as batch:
        for column in ("works_on_holidays", "area", "languages"):
            batch.drop_column(column)


def _bookings_back() -> None:
    # What was missed was booked; where several had one time, the first of them keeps it.
    op.execute("UPDATE booking SET state = 'booked', missed_at = NULL WHERE state = 'missed' AND place = 1")
    op.execute(
        "UPDATE booking SET state = 'cancelled', missed_at = NULL, cancelled_at = created_at"
        " WHERE place > 1 AND state <> 'cancelled'"
    )
    with op.batch_alter_table("booking") as table:
        table.drop_index("uq_booking_place")
    with op.batch_alter_table("booking") as table:
        table.drop_constraint(op.f("ck_booking_missed"), type_="check")
        table.drop_constraint(op.f("ck_booking_place"), type_="check")
        for column in ("missed_at", "cancel_reason", "moves", "place", "channel"):
            table.drop_column(column)
    with op.batch_alter_table("booking") as table:
        table.create_index(
            "uq_booking_time",
            ["doctor_id", "starts_at"],
            unique=True,
            sqlite_where=BOOKED,
            postgresql_where=BOOKED,
        )
