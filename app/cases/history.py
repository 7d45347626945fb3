"""What is known of one spot over time: the cases about it and who has signed a reading of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.cases.models import Case, CaseState, Finding
from app.cases.policy import OF_NOBODY_ERASED
from app.extensions import db


def same_lesion(case_id: int) -> tuple[tuple[int, ...], tuple[tuple[int, datetime], ...]]:
    """Return the ids of the cases about the same spot as this one, and (doctor id, moment) of their signed readings.

    Of somebody who was erased, and of records that are only kept, nothing is known.
    """
    lesion = select(Case.lesion_id).where(Case.id == case_id).scalar_subquery()
    about = select(Case.id).where((Case.id == case_id) | (Case.lesion_id == lesion))
    seen = about.where(Case.state != CaseState.RESTRICTED, OF_NOBODY_ERASED)
    case_ids = tuple(db.session.scalars(seen.order_by(Case.id)))
    readings = (
        select(Finding.doctor_id, Finding.signed_at)
        .join(Finding.case)
        .where(Case.id.in_(case_ids), Case.state == CaseState.SIGNED)
        .order_by(Finding.id)
    )
    return case_ids, tuple((row.doctor_id, row.signed_at) for row in db.session.execute(readings))
