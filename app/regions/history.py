"""Questions to the registers that were loaded and the rows that were wrong in them. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from app.extensions import db
from app.regions.models import Register, RejectedRow

PER_PAGE = 50
LATEST = 20
STREAM_BATCH = 2000


@dataclass(frozen=True)
class Rows:
    """Some of a register's wrong rows; pages count from 1."""

    rows: list[RejectedRow]
    page: int
    pages: int


def register_of(public_id: str) -> Select[Register]:
    """Return the register with this public id."""
    return select(Register).where(Register.public_id == public_id)


def latest(limit: int = LATEST) -> list[Register]:
    """Return the registers loaded last, newest first."""
    return list(db.session.scalars(select(Register).order_by(Register.id.desc()).limit(limit)))


def wrong_page(register_id: int, number: int) -> Rows:
    """Return one page of the wrong rows in the file's order; a page beyond the last is the last."""
    mine = RejectedRow.register_id == register_id
    count = db.session.scalar(select(func.count()).select_from(RejectedRow).where(mine)) or 0
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(number, 1), pages)
    query = select(RejectedRow).where(mine).order_by(RejectedRow.id)
    return Rows(list(db.session.scalars(query.limit(PER_PAGE).offset((page - 1) * PER_PAGE))), page, pages)


def wrong_rows(register_id: int) -> Iterator[RejectedRow]:
    """Yield every wrong row of a register in the file's order."""
    query = select(RejectedRow).where(RejectedRow.register_id == register_id).order_by(RejectedRow.id)
    yield from db.session.scalars(query.execution_options(yield_per=STREAM_BATCH))
