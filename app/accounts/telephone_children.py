"""Children under 14 whose guardian calls: registered with the guardian's word, until they are 14 and speak themselves.

The child is reached at the guardian's number. What is agreed to is agreed to by the guardian, read aloud as for anybody.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from app.accounts.age import AGE_OF_CONSENT, age_in_years, decides_alone
from app.accounts.care import add_patient, dependents_of, take_into_care, unclaimed
from app.accounts.errors import NotAChild, NotYours, TooManyDependents
from app.accounts.identity import normalise_mobile
from app.accounts.models import Consent, Patient, Sex, User
from app.accounts.names import bare
from app.accounts.residence import set_area
from app.accounts.telephone_models import TelephoneGuardian
from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.permissions import Role


def guardian_of(patient: Patient) -> TelephoneGuardian | None:
    """Return who speaks for the child on the telephone, None for who speaks for themself."""
    return db.session.get(TelephoneGuardian, patient.id)


def has_outgrown(patient: Patient) -> bool:
    """True if somebody spoke for the patient who has turned 14 since: nothing new may rest on that."""
    return guardian_of(patient) is not None and decides_alone(patient)


def may_be_spoken_for(patient: Patient) -> bool:
    """True for a grown caller, and for a child whose guardian is known: an agreement by telephone is theirs to give."""
    if guardian_of(patient) is None:
        return decides_alone(patient)
    return not decides_alone(patient)


def register_child(
    operator: User,
    *,
    guardian: str,
    relation: str,
    name: str,
    birth_date: date,
    sex: Sex,
    area: str,
    mobile: str,
) -> Patient:
    """Make a patient row for a child under 14 whose guardian calls from, or gives, the number `mobile`.

    A child known already is returned as it is, with the guardian and the number written down: one entered before by
    telephone, or one in the guardian's account. If the guardian has an account with this number and name, the child
    is in its care. Raises `NotAChild`, `identity.NotAnIdentity`, `residence.NoSuchArea`, `TooManyDependents`.
    """
    if not 0 <= age_in_years(birth_date) < AGE_OF_CONSENT:
        raise NotAChild
    number = normalise_mobile(mobile)
    with transaction() as session:
        account = _account_of(number, guardian)
        known = _known(number, account, name, birth_date)
        patient = known or add_patient(name, birth_date, sex, is_demo=False)
        patient.mobile = number
        session.flush()
        if known is None or not patient.area:
            set_area(patient.id, area)
        if account is not None:
            take_into_care(account, patient, relation)
        _write_down(operator, patient, guardian, relation)
        audit.record("call.child_registered", f"patient:{patient.public_id}", patient_id=patient.id)
    return patient


def bring_home(user: User) -> list[Patient]:
    """Put the children for whom the user once called into the care of their account, in the transaction in progress.

    The number is proven, and the name is the guardian's. Who has turned 14 speaks for themself, and who would be one
    child too many stays on the telephone. Returns those who came.
    """
    if user.mobile is None:
        return []
    came = []
    for child in unclaimed(user.mobile):
        guardian = guardian_of(child)
        if guardian is None or bare(guardian.name) != bare(user.name) or decides_alone(child):
            continue
        try:
            take_into_care(user, child, guardian.relation)
        except TooManyDependents:
            break
        came.append(child)
    return came


def _account_of(number: str, guardian: str) -> User | None:
    query = select(User).where(User.mobile == number, User.active)
    found: User | None = db.session.scalar(query)
    if found is None or found.role != Role.PATIENT or bare(found.name) != bare(guardian):
        return None
    return found


def _known(number: str, account: User | None, name: str, birth_date: date) -> Patient | None:
    candidates = unclaimed(number) + (dependents_of(account) if account is not None else [])
    for one in candidates:
        if one.birth_date == birth_date.isoformat() and bare(one.name) == bare(name):
            return fresh(Patient, one.id)
    return None


def _write_down(operator: User, patient: Patient, guardian: str, relation: str) -> None:
    row = guardian_of(patient)
    if row is None:
        row = TelephoneGuardian(patient_id=patient.id)
        db.session.add(row)
    row.name, row.relation = " ".join(guardian.split()), relation
    row.recorded_by_id, row.recorded_at = operator.id, clock.now()
    db.session.flush()


def come_of_age(patient_id: int) -> bool:
    """Record that who has turned 14 is on the telephone: the guardian no longer speaks, the consents are asked anew.

    What is booked stays, to be kept or cancelled by the person. False if nobody spoke for them. Raises `NotYours` for
    a child under 14 or nobody.
    """
    with transaction():
        patient = fresh(Patient, patient_id)
        if patient is None or patient.erased_at is not None or not decides_alone(patient):
            raise NotYours
        return end_speaking(patient)


def end_speaking(patient: Patient) -> bool:
    """End what the guardian agreed to for a patient of 14, and forget the guardian, in the transaction in progress."""
    row = guardian_of(patient)
    if row is None:
        return False
    given = select(Consent).where(Consent.patient_id == patient.id, Consent.withdrawn_at.is_(None))
    for consent in db.session.scalars(given.execution_options(populate_existing=True)):
        consent.withdrawn_at = clock.now()
    db.session.delete(row)
    db.session.flush()
    audit.record("call.of_age", f"patient:{patient.public_id}", patient_id=patient.id)
    return True


def forget_guardian(patient_id: int) -> None:
    """Delete who spoke for a patient, in the transaction in progress."""
    row = db.session.get(TelephoneGuardian, patient_id)
    if row is not None:
        db.session.delete(row)
