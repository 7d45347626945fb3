"""The steps of a collection, as the worker takes them: one function for each.

Each of them looks whether the collection is still this job's (`turn`): one that was called again since
belongs to another job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.infra.jobs import LeaseLost
from app.reviews import intake
from app.reviews.collecting import call, changed, end, hold_the_line, under_way, wait_again
from app.reviews.collection_models import AT_WORK, Collection, CollectionState
from app.reviews.intake import ReviewRow
from app.reviews.progress import LOST_EN, LOST_KO


@dataclass(frozen=True)
class PageKept:
    """One page as it was kept: where to go on, how far it is, and whether the store shows no more than that."""

    cursor: str
    pages: int
    pages_total: int | None
    capped: bool


def begin(collection_id: int, turn: int) -> Collection | None:
    """Say that the collection is at work; None if there is nothing to do, or another one is at work."""
    with transaction():
        hold_the_line()
        item = fresh(Collection, collection_id)
        if item is None or item.turn != turn:
            return None
        if item.state == CollectionState.STOPPING:
            end(item, CollectionState.STOPPED)
            return None
        if item.state == CollectionState.FAILED:  # its job was tried again from the list of jobs
            if under_way(item.store, item.app) is not None:
                return None
            wait_again(item)
        if item.state == CollectionState.QUEUED:
            others = select(Collection.id).where(Collection.state.in_(AT_WORK), Collection.id != item.id)
            if db.session.scalar(others.limit(1)) is not None:
                return None  # whichever is at work calls the next one when it ends
            item.state = CollectionState.RUNNING
            changed(item)
        return item if item.state == CollectionState.RUNNING else None


def keep_page(collection_id: int, turn: int, rows: Sequence[ReviewRow], page: PageKept) -> bool:
    """Write a page's reviews together with the cursor after it; False if somebody wants it to end here."""
    with transaction():
        item = _mine(collection_id, turn)
        taken = intake.take_in(rows, collection_id=collection_id)
        item.added, item.edited = item.added + taken.added, item.edited + taken.edited
        item.known += taken.known
        item.cursor, item.pages, item.pages_total = page.cursor, page.pages, page.pages_total
        item.capped = page.capped
        changed(item)
        return item.state == CollectionState.RUNNING


def wanted(collection_id: int, turn: int) -> bool:
    """False if somebody wants the collection to end."""
    state = select(Collection.state).where(Collection.id == collection_id, Collection.turn == turn)
    return db.session.scalar(state) == CollectionState.RUNNING


def finish(collection_id: int, turn: int) -> None:
    """All there is was read (an effect)."""
    hold_the_line()
    end(_mine(collection_id, turn), CollectionState.DONE)


def hand_on(collection_id: int, turn: int) -> None:
    """Let other jobs go first, and go on after them (an effect)."""
    hold_the_line()
    call(_mine(collection_id, turn))


def halt(collection_id: int, turn: int) -> None:
    """End where somebody wanted it to (an effect)."""
    hold_the_line()
    end(_mine(collection_id, turn), CollectionState.STOPPED)


def refuse(
    collection_id: int, turn: int, *, reason_ko: str, reason_en: str, retry_after: float | None = None
) -> None:
    """End because of what the store said; it can go on after the last page that was kept (an effect)."""
    hold_the_line()
    item = _mine(collection_id, turn)
    item.error_ko, item.error_en = reason_ko, reason_en
    item.retry_at = clock.now() + timedelta(seconds=retry_after) if retry_after else None
    end(item, CollectionState.FAILED)


def fail(collection_id: int, turn: int) -> None:
    """End a collection whose job failed for good (an effect)."""
    hold_the_line()
    item = fresh(Collection, collection_id)
    if item is not None and item.turn == turn and item.state in AT_WORK:
        item.error_ko, item.error_en = LOST_KO, LOST_EN
        end(item, CollectionState.FAILED)


def _mine(collection_id: int, turn: int) -> Collection:
    item = fresh(Collection, collection_id)
    if item is None or item.turn != turn:
        raise LeaseLost
    return item
