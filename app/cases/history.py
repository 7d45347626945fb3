"""What is known of one spot over time: the cases about it and who has signed a reading of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import User
from app.cases import policy
from app.cases.models import Case, CaseState, Finding, NextStep
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


def answered_spots(patient_id: int) -> list[Case]:
    """Return the newest signed case about each spot of a patient, the latest signed first; of who was erased none."""
    query = (
        select(Case)
        .where(Case.patient_id == patient_id, Case.state == CaseState.SIGNED, OF_NOBODY_ERASED)
        .options(joinedload(Case.lesion), joinedload(Case.doctor), selectinload(Case.findings))
        .order_by(Case.signed_at.desc(), Case.id.desc())
    )
    newest: dict[int | None, Case] = {}
    for case in db.session.scalars(query):
        newest.setdefault(case.lesion_id, case)
    return list(newest.values())


def is_sent_to_clinic(case: Case) -> bool:
    """True if the finding that holds says that a doctor must see the spot in person."""
    return case.finding is not None and case.finding.next_step == NextStep.IN_PERSON


def may_be_talked_about(patient_id: int) -> tuple[tuple[int, int, datetime], ...]:
    """Return (case id, doctor id, moment) of the answer about each spot of a patient, the latest first.

    Left out are those about which a doctor wrote that the spot must be seen in person.
    """
    return tuple(
        (case.id, case.doctor_id, case.signed_at)
        for case in answered_spots(patient_id)
        if case.doctor_id is not None and case.signed_at is not None and not is_sent_to_clinic(case)
    )


def case_to_book(user: User, case_id: int | None) -> Case | None:
    """Return the case if `user` may book a consultation about it, None otherwise."""
    found = db.session.scalar(policy.answered_cases(user).where(Case.id == case_id))
    return found if found is not None and policy.can_book(user, found) else None
