"""Deleting an import: the file, its rejected rows, and the reviews that nothing else has brought."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update

from app.audit import service as audit
from app.extensions import db
from app.infra import storage
from app.infra.database import fresh, transaction
from app.reviews import intake
from app.reviews.models import FormerReview, RejectedRow, Review, ReviewAgain, ReviewImport, WorkState


class BeingRead(Exception):
    """The worker is reading the file right now."""


@dataclass(frozen=True)
class Consequence:
    """How many reviews of an import would go, and how many stay because another file or a store has them too."""

    going: int
    staying: int


def consequence(import_id: int) -> Consequence:
    """Return what deleting an import would mean."""
    own = select(func.count()).select_from(Review).where(Review.import_id == import_id)
    shared = or_(Review.collection_id.is_not(None), _elsewhere(import_id))
    total, staying = db.session.scalar(own) or 0, db.session.scalar(own.where(shared)) or 0
    return Consequence(total - staying, staying)


def _elsewhere(import_id: int) -> ColumnElement[bool]:
    return exists().where(ReviewAgain.review_id == Review.id, ReviewAgain.import_id != import_id)


def delete_import(import_id: int) -> Consequence:
    """Delete an import with the reviews that came only with it; raise `BeingRead`.

    Which further files held a review is known of imports made since the portal collects from stores.
    """
    with transaction() as session:
        item = fresh(ReviewImport, import_id)
        if item is None:
            return Consequence(0, 0)
        if item.state == WorkState.RUNNING:
            raise BeingRead
        intake.lock()
        found = consequence(import_id)
        _hand_over(import_id)
        going = select(Review.id).where(Review.import_id == import_id)
        for statement in (
            delete(ReviewAgain).where(ReviewAgain.import_id == import_id),
            delete(FormerReview).where(FormerReview.review_id.in_(going)),
            delete(Review).where(Review.import_id == import_id),
            update(FormerReview).where(FormerReview.import_id == import_id).values(import_id=None),
            delete(RejectedRow).where(RejectedRow.import_id == import_id),
        ):
            session.execute(statement, execution_options={"synchronize_session": False})
        storage.erase(item.object)
        audit.record("review.import_deleted", item.topic)
        session.delete(item)
    return found


def _hand_over(import_id: int) -> None:
    """Give the reviews that came otherwise too to what brought them."""
    first = select(func.min(ReviewAgain.import_id)).where(
        ReviewAgain.review_id == Review.id, ReviewAgain.import_id != import_id
    )
    mine = Review.import_id == import_id
    named_twice = exists().where(
        Review.id == ReviewAgain.review_id, Review.import_id == ReviewAgain.import_id
    )
    for statement in (
        update(Review).where(mine, _elsewhere(import_id)).values(import_id=first.scalar_subquery()),
        delete(ReviewAgain).where(named_twice),
        update(Review).where(mine, Review.collection_id.is_not(None)).values(import_id=None),
    ):
        db.session.execute(statement, execution_options={"synchronize_session": False})
