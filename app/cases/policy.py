"""Whose cases, photos and findings one may see, and what one may do with them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, exists, false, select

from app.accounts.models import ConsentKind, Patient, User
from app.accounts.policy import begun_in_care, patient_ids, readable_ids
from app.accounts.service import is_in_charge_of, is_of, reads_findings_of, stands
from app.cases.models import Case, CaseState, Lesion, Photo
from app.cases.upload_models import Upload
from app.permissions import Permission, Role
from app.policy import holds

OF_NOBODY_ERASED = Case.patient.has(Patient.erased_at.is_(None))
"""What every case must meet that anybody sees: from the moment an erasing begins, before it is through."""
MAY_BE_READ = stands(ConsentKind.HEALTH_DATA, Case.patient_id) & OF_NOBODY_ERASED
"""What every case must meet for as long as no doctor has signed it; what was signed is kept and read by law."""
UNDER_WAY = (CaseState.DRAFT, CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING)
OPEN_TO_DOCTOR = (Case.state == CaseState.SIGNED) | ((Case.state == CaseState.READING) & MAY_BE_READ)

SENT = Case.submitted_at.is_not(None) & Case.state.not_in((CaseState.WITHDRAWN, CaseState.RESTRICTED))
"""What stays of a lesion's story: what was sent and not taken back."""


def _reach(user: User) -> ColumnElement[bool]:
    if user.role == Role.PATIENT and holds(user, Permission.CASE_READ_OWN):
        # A helper who may only send loses sight of a case once there is an answer in it.
        may_read = Case.patient_id.in_(readable_ids(user))
        mine = Case.patient_id.in_(patient_ids(user)) & (Case.state != CaseState.RESTRICTED)
        mine &= begun_in_care(user, Case.patient_id, Case.created_at)
        return mine & ((Case.state != CaseState.SIGNED) | may_read)
    if user.role == Role.DOCTOR and holds(user, Permission.CASE_READ_ASSIGNED):
        return (Case.doctor_id == user.id) & OPEN_TO_DOCTOR & OF_NOBODY_ERASED
    return false()


def visible_cases(user: User) -> Select[Case]:
    """Select what `user` may see: a patient's own, their wards' and those they help; a doctor's in hand or signed."""
    return select(Case).where(_reach(user))


def visible_photos(user: User) -> Select[Photo]:
    """Select the photos of the cases that `user` may see; those of withdrawn cases are gone."""
    return select(Photo).join(Photo.case).where(_reach(user), Case.state != CaseState.WITHDRAWN)


def visible_uploads(user: User) -> Select[Upload]:
    """Select what `user` is sending: nobody else may look at it or go on with it, not even for the same patient."""
    return select(Upload).join(Upload.case).where(_reach(user), Upload.user_id == user.id)


def visible_lesions(user: User) -> Select[Lesion]:
    """Select the lesions of the people in the care of a patient's user, of which photos were sent and not taken back."""
    return select(Lesion).where(exists().where(Case.lesion_id == Lesion.id, SENT, _reach(user)))


def can_follow(user: User, lesion: Lesion) -> bool:
    """True for who may name a lesion, choose when to photograph it again, and do so."""
    return (
        user.role == Role.PATIENT
        and holds(user, Permission.CASE_SEND)
        and is_in_charge_of(user, lesion.patient)
    )


def patient_of_case(public_id: str) -> Select[int]:
    """Select whom a case is about, whoever asks: for the record of an attempt that was refused."""
    return select(Case.patient_id).where(Case.public_id == public_id)


def patient_of_photo(public_id: str) -> Select[int]:
    """Select whom a photo is about, as `patient_of_case`."""
    return select(Case.patient_id).join(Case.photos).where(Photo.public_id == public_id)


def _sees(user: User, case: Case) -> bool:
    return user.role == Role.PATIENT and holds(user, Permission.CASE_SEND) and is_of(user, case.patient)


def _acts_in(user: User, case: Case) -> bool:
    return _sees(user, case) and is_in_charge_of(user, case.patient)


def _reads(user: User, case: Case) -> bool:
    return _sees(user, case) and reads_findings_of(user, case.patient)


def _answers_to(user: User, case: Case) -> bool:
    return _acts_in(user, case) and reads_findings_of(user, case.patient)


def can_see_opinion(user: User, case: Case) -> bool:
    """True for a patient once a doctor has signed: before that nothing of the model's opinion is sent to them.

    Where the model was left out at the patient's wish, there is nothing to see either.
    """
    return case.state == CaseState.SIGNED and case.without_ai_since is None and _reads(user, case)


def can_withdraw(user: User, case: Case) -> bool:
    """True until the finding is signed; for a guardian also after the child has turned 14."""
    return case.state in UNDER_WAY and _sees(user, case)


def can_go_on(user: User, case: Case) -> bool:
    """True for a draft that `user` may fill in and send."""
    return case.state == CaseState.DRAFT and _acts_in(user, case)


def can_ask(user: User, case: Case) -> bool:
    """True once after the finding."""
    return case.state == CaseState.SIGNED and case.question is None and _answers_to(user, case)


def can_read_finding(user: User, case: Case) -> bool:
    """True once a doctor has signed, for who may read the answer: not a helper who may only send and book."""
    return case.state == CaseState.SIGNED and _reads(user, case)


def can_book(user: User, case: Case) -> bool:
    """True for a case that a doctor has signed: the patient may talk to a doctor about it.

    Booking says nothing of the answer, so a helper who may not read it may book all the same.
    """
    return case.state == CaseState.SIGNED and _acts_in(user, case)


def answered_cases(user: User) -> Select[Case]:
    """Select the signed cases of the people in the care of a patient's user, whether or not they may read the answer.

    For booking alone, and with `can_book`: what stands in a finding is for `visible_cases` to open.
    """
    mine = Case.patient_id.in_(patient_ids(user)) & (Case.state == CaseState.SIGNED)
    allowed = user.role == Role.PATIENT and holds(user, Permission.BOOKING_MAKE)
    return select(Case).where(mine if allowed else false())
