"""Patients, and the children whom a guardian acts for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.age import AGE_OF_CONSENT, age_in_years
from app.accounts.consents import give_consents, outgrown_by
from app.accounts.errors import ConsentMissing, NotAChild, NotYours, TooManyDependents
from app.accounts.models import ConsentKind, Guardianship, Patient, Sex, User
from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, random_id, transaction
from app.permissions import Role

MAX_DEPENDENTS = 10
LATEST_BIRTH_YEARS_AGO = 120


def patients_for(user: User) -> list[Patient]:
    """Return the patients whom `user` may see: themself first, then the children in their care."""
    own = db.session.scalar(select(Patient).where(Patient.user_id == user.id, Patient.erased_at.is_(None)))
    return ([own] if own else []) + dependents_of(user)


def in_charge_of(user: User) -> list[Patient]:
    """Return those of `patients_for` for whom `user` may start something new: not who has turned 14."""
    return [patient for patient in patients_for(user) if not outgrown_by(user, patient)]


def outgrown(user: User) -> list[Patient]:
    """Return the children who were once in the care of `user` and have turned 14 since."""
    return [patient for patient in patients_for(user) if outgrown_by(user, patient)]


def dependents_of(user: User) -> list[Patient]:
    """Return the patients whose guardian `user` is at present, oldest entry first."""
    return [guardianship.patient for guardianship in guardianships_of(user)]


def guardianships_of(user: User) -> list[Guardianship]:
    """Return the guardianships of `user` that last, with their patients, oldest entry first."""
    query = (
        select(Guardianship)
        .options(joinedload(Guardianship.patient))
        .where(
            Guardianship.guardian_id == user.id,
            Guardianship.ended_at.is_(None),
            Guardianship.patient.has(Patient.erased_at.is_(None)),
        )
        .order_by(Guardianship.started_at, Guardianship.id)
    )
    return list(db.session.scalars(query))


def add_dependent(
    guardian: User,
    *,
    name: str,
    birth_date: date,
    sex: Sex,
    relation: str,
    consents: Collection[ConsentKind] = (ConsentKind.HEALTH_DATA,),
    is_demo: bool = False,
) -> Patient:
    """Add a child under 14 as a patient in the care of `guardian`, with the guardian's consents for them.

    Raises `NotAChild`, `ConsentMissing` without the consent to health data, `TooManyDependents`,
    `NotYours` for someone who is not a patient themself.
    """
    if not 0 <= age_in_years(birth_date) < AGE_OF_CONSENT:
        raise NotAChild
    if ConsentKind.HEALTH_DATA not in consents:
        raise ConsentMissing([ConsentKind.HEALTH_DATA])
    with transaction():
        patient = add_patient(name, birth_date, sex, is_demo)
        take_into_care(guardian, patient, relation)
        give_consents(guardian, patient, consents)
    return patient


def unclaimed(mobile: str) -> list[Patient]:
    """Return the patients who are reached by this number and have no account, the oldest first."""
    query = select(Patient).where(
        Patient.mobile == mobile, Patient.user_id.is_(None), Patient.erased_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(Patient.id)))


def take_into_care(guardian: User, patient: Patient, relation: str) -> None:
    """Put a child into the care of `guardian`, in the transaction in progress; one who is there already stays.

    Raises `TooManyDependents`, `NotYours` for someone who is not a patient themself.
    """
    # One at a time for each guardian: the number of children is bounded.
    if fresh(User, guardian.id) is None or guardian.role != Role.PATIENT:
        raise NotYours
    held = select(Guardianship.patient_id).where(
        Guardianship.guardian_id == guardian.id, Guardianship.ended_at.is_(None)
    )
    children = set(db.session.scalars(held))
    if patient.id in children:
        return
    if len(children) >= MAX_DEPENDENTS:
        raise TooManyDependents
    db.session.add(
        Guardianship(
            guardian_id=guardian.id,
            patient_id=patient.id,
            relation=relation.strip(),
            started_at=clock.now(),
        )
    )
    db.session.flush()
    audit.record("guardianship.started", f"patient:{patient.public_id}", patient_id=patient.id)


def end_guardianship(guardian: User, patient: Patient) -> None:
    """Record that `guardian` no longer acts for the child. Raises `NotYours` if they do not."""
    with transaction() as session:
        query = (
            select(Guardianship)
            .where(
                Guardianship.guardian_id == guardian.id,
                Guardianship.patient_id == patient.id,
                Guardianship.ended_at.is_(None),
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        row = session.scalar(query)
        if row is None:
            raise NotYours
        row.ended_at = clock.now()
        audit.record("guardianship.ended", f"patient:{patient.public_id}", patient_id=patient.id)


def add_patient(
    name: str,
    birth_date: date,
    sex: Sex,
    is_demo: bool,
    user_id: int | None = None,
    mobile: str | None = None,
) -> Patient:
    """Make a patient row, in the transaction in progress; `mobile` (E.164) for somebody without an account."""
    patient = Patient(
        public_id=random_id(),
        user_id=user_id,
        name=name.strip(),
        birth_date=birth_date.isoformat(),
        mobile=mobile,
        sex=sex,
        is_demo=is_demo,
        created_at=clock.now(),
    )
    db.session.add(patient)
    db.session.flush()
    return patient
