"""What of the model's opinion, and of other cases, a doctor may see."""

from __future__ import annotations

from sqlalchemy import Select, exists, false, select

from app.accounts.models import User
from app.cases.models import Case, CaseState, Finding, FirstRead, Photo, Prediction
from app.cases.policy import visible_cases
from app.permissions import Permission
from app.policy import holds


def _has_revealed(user: User) -> object:
    return exists().where(
        FirstRead.case_id == Case.id, FirstRead.doctor_id == user.id, FirstRead.revealed_at.is_not(None)
    )


def revealed_cases(user: User) -> Select[Case]:
    """Select the doctor's cases of which they have read alone and then asked for the model's opinion."""
    if not holds(user, Permission.CASE_READ_ASSIGNED):
        return select(Case).where(false())
    return visible_cases(user).where(_has_revealed(user))  # type: ignore[arg-type]


def revealed_predictions(user: User) -> Select[Prediction]:
    """Select what models said of the photos of `revealed_cases`: before the reveal, or if the patient
    wants no model, nothing."""
    if not holds(user, Permission.CASE_READ_ASSIGNED):
        return select(Prediction).where(false())
    wanted = revealed_cases(user).where(Case.without_ai_since.is_(None))
    return (
        select(Prediction).join(Prediction.photo).where(Photo.case_id.in_(wanted.with_only_columns(Case.id)))
    )


def earlier_findings(user: User, case: Case) -> Select[Finding]:
    """Select the signed findings about the same patient's other cases, for a doctor who may see `case`."""
    mine = visible_cases(user).where(Case.id == case.id).with_only_columns(Case.patient_id)
    return (
        select(Finding)
        .join(Finding.case)
        .where(
            Case.patient_id.in_(mine),
            Case.id != case.id,
            Case.state == CaseState.SIGNED,
        )
    )


def earlier_photos(user: User, case: Case) -> Select[Photo]:
    """Select the photos of signed cases about the same lesion sent before, for a doctor who may see `case`.

    Photos alone: what a model said of them stays with those cases.
    """
    mine = visible_cases(user).where(Case.id == case.id).with_only_columns(Case.lesion_id)
    if not holds(user, Permission.CASE_READ_ASSIGNED):
        return select(Photo).where(false())
    return (
        select(Photo)
        .join(Photo.case)
        .where(
            Case.lesion_id.in_(mine),
            Case.id != case.id,
            Case.state == CaseState.SIGNED,
            Case.submitted_at <= case.submitted_at,
        )
    )
