"""People who call: found by their number, registered without an account, agreeing aloud; and how they join later.

An operator acts here, for somebody on the telephone. What the operator may see is for the door to keep small.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Select, or_, select

from app.accounts.age import AGE_OF_CONSENT, age_in_years
from app.accounts.care import add_patient
from app.accounts.consents import end_consents, missing_consents, texts
from app.accounts.errors import ConsentMissing, NotYours, TooYoung
from app.accounts.identity import normalise_mobile
from app.accounts.models import Consent, ConsentChannel, ConsentKind, Patient, Sex, User
from app.accounts.names import bare
from app.accounts.residence import set_area
from app.accounts.telephone_children import has_outgrown, may_be_spoken_for
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, transaction

ASKED = (ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE)
"""What is read aloud before a booking. The terms are those of an account, and agreed to when one is made."""
TELL_WITHDRAWN = "accounts.tell_caller_withdrawn"


class AlreadyKnown(Exception):
    """The person has been registered with this number before; `patient` is the row."""

    def __init__(self, patient: Patient) -> None:
        super().__init__("already known")
        self.patient = patient


def callers() -> Select[Patient]:
    """Select the patients who can be reached by telephone: with an account and a mobile number, or with a contact."""
    return (
        select(Patient)
        .outerjoin(User, Patient.user_id == User.id)
        .where(
            or_(Patient.mobile.is_not(None), User.mobile.is_not(None) & User.active),
            Patient.erased_at.is_(None),
        )
    )


def find_callers(mobile: str) -> list[Patient]:
    """Return those known by a mobile number, the oldest entry first; every look is recorded for each.

    Raises `identity.NotAnIdentity` for what is no mobile number.
    """
    number = normalise_mobile(mobile)
    query = callers().where(or_(Patient.mobile == number, User.mobile == number)).order_by(Patient.id)
    found = list(db.session.scalars(query))
    if found:
        audit.record_each("call.found", [(f"patient:{one.public_id}", one.id) for one in found])
    else:
        audit.record("call.found", "patient:none")
    return found


def register_caller(*, name: str, birth_date: date, sex: Sex, area: str, mobile: str) -> Patient:
    """Make a patient row without an account for a person of 14 or more who calls.

    Raises `TooYoung`, `identity.NotAnIdentity`, `residence.NoSuchArea`, and `AlreadyKnown` where the number, the day
    of birth and the name are those of somebody known.
    """
    if age_in_years(birth_date) < AGE_OF_CONSENT:
        raise TooYoung
    number = normalise_mobile(mobile)
    with transaction() as session:
        query = callers().where(or_(Patient.mobile == number, User.mobile == number)).order_by(Patient.id)
        for known in session.scalars(query):
            if _is_same(known, name, birth_date):
                raise AlreadyKnown(known)
        patient = add_patient(name, birth_date, sex, is_demo=False)
        patient.mobile = number
        session.flush()
        set_area(patient.id, area)
        audit.record("call.registered", f"patient:{patient.public_id}", patient_id=patient.id)
    return patient


def _is_same(patient: Patient, name: str, birth_date: date) -> bool:
    return patient.birth_date == birth_date.isoformat() and bare(patient.name) == bare(name)


def missing_by_telephone(patient: Patient) -> list[ConsentKind]:
    """Return which of `ASKED` nobody has agreed to yet for this patient, in the version in force.

    All of them for who has turned 14 since a guardian agreed for them: they are asked themself.
    """
    if has_outgrown(patient):
        return list(ASKED)
    query = select(Consent.kind, Consent.version).where(
        Consent.patient_id == patient.id, Consent.withdrawn_at.is_(None)
    )
    held = {(kind, version) for kind, version in db.session.execute(query)}
    return [kind for kind in ASKED if (kind, texts()[kind].version) not in held]


def consent_by_telephone(operator: User, patient_id: int, kinds: Collection[ConsentKind]) -> list[Consent]:
    """Record that the patient agreed on the telephone to each of `kinds`, which `operator` read aloud.

    For a child under 14 its guardian agreed. The rows say so, and who wrote them down. Raises `NotYours` for no
    patient, a child without a known guardian, or who has turned 14 since; `ConsentMissing` for a kind that is not for
    the telephone.
    """
    if set(kinds) - set(ASKED):
        raise ConsentMissing(sorted(set(kinds) - set(ASKED)))
    with transaction() as session:
        patient = fresh(Patient, patient_id)
        if patient is None or patient.erased_at is not None or not may_be_spoken_for(patient):
            raise NotYours
        given = [
            Consent(
                user_id=patient.user_id,
                patient_id=patient.id,
                kind=kind,
                version=texts()[kind].version,
                channel=ConsentChannel.TELEPHONE,
                recorded_by_id=operator.id,
                given_at=clock.now(),
            )
            for kind in missing_consents(operator, patient, kinds)
        ]
        session.add_all(given)
        for consent in given:
            audit.record("consent.given_by_telephone", f"consent:{consent.kind.value}", patient_id=patient.id)
        session.flush()
    return given


def withdraw_by_telephone(operator: User, patient_id: int, kind: ConsentKind) -> bool:
    """Record that the patient took back on the telephone every consent of `kind`, however it was given.

    What follows is what follows when they do so themself; besides, they are told by text message, so that nobody else
    can do it unnoticed. False if there was none. Raises `ConsentMissing` for the terms, which end with the account
    alone, and `NotYours` for nobody who can be reached by telephone.
    """
    if kind is ConsentKind.TERMS:
        raise ConsentMissing([kind])
    with transaction() as session:
        patient = fresh(Patient, patient_id)
        if patient is None or session.scalar(callers().where(Patient.id == patient_id)) is None:
            raise NotYours
        ended = end_consents(operator, patient, kind)
        if ended:
            audit.record("consent.withdrawn_by_telephone", f"consent:{kind.value}", patient_id=patient.id)
            jobs.enqueue(TELL_WITHDRAWN, patient_id=patient.id, consent=kind.value)
    return ended
