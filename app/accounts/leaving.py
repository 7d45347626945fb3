"""Leaving, and having everything erased: a wish, a time to think it over, then it goes.

The wish itself changes nothing, so that taking it back loses nothing. Once the time is over `begin` makes the
person invisible at one stroke; what follows may be cut short and done again. Each room erases its own part
(`holdings`); the account itself goes last (`finish`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from app.accounts import holdings, proxy_own_data
from app.accounts.consents import may_decide_for
from app.accounts.contacts import identities_of, sealed
from app.accounts.errors import NotYours, TooLateToStay
from app.accounts.keeping import wait
from app.accounts.models import (
    Consent,
    Departure,
    FailedAttempts,
    Guardianship,
    OneTimeCode,
    Patient,
    Sex,
    User,
)
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, transaction

ERASE = "accounts.erase"
TELL_ASKED, TELL_STAYS, TELL_GONE = (
    "accounts.tell_leaving",
    "accounts.tell_staying",
    "accounts.tell_gone",
)


@dataclass(frozen=True)
class Ward:
    """A child of someone who leaves: do its data stay, because another guardian acts for it?"""

    patient: Patient
    stays: bool


def wards_of(user: User) -> list[Ward]:
    """Return the children in the care of `user` and what their leaving would mean for each."""
    query = (
        select(Patient)
        .join(Patient.guardianships)
        .where(
            Guardianship.guardian_id == user.id,
            Guardianship.ended_at.is_(None),
            Patient.erased_at.is_(None),
        )
        .order_by(Patient.id)
    )
    return [Ward(patient, _has_another(patient, user)) for patient in db.session.scalars(query)]


def _has_another(patient: Patient, user: User) -> bool:
    others = select(Guardianship.id).where(
        Guardianship.patient_id == patient.id,
        Guardianship.ended_at.is_(None),
        Guardianship.guardian_id != user.id,
    )
    return patient.user_id is not None or db.session.scalar(others.limit(1)) is not None


def open_for(patient: Patient) -> Departure | None:
    """Return the wish that stands for a patient, None if there is none."""
    query = select(Departure).where(Departure.patient_id == patient.id, Departure.cancelled_at.is_(None))
    return db.session.scalar(query.execution_options(populate_existing=True))


def ask(user: User, patient: Patient) -> Departure:
    """Record that everything about `patient` is to be erased; asking again changes nothing.

    Where the patient is the user, the account closes with it. Raises `NotYours` for who may not decide.
    """
    with transaction() as session:
        row = fresh(Patient, patient.id)
        if row is None or not may_decide_for(user, row):
            raise NotYours
        standing = open_for(row)
        if standing is not None:
            return standing
        now = clock.now()
        departure = Departure(
            patient_id=row.id,
            user_id=user.id if row.user_id == user.id else None,
            asked_by_id=user.id,
            asked_at=now,
            due_at=now + wait(),
        )
        session.add(departure)
        session.flush()
        audit.record("erasure.asked", f"patient:{row.public_id}", patient_id=row.id)
        _tell_family(TELL_ASKED, departure)
    return departure


def cancel(user: User, patient: Patient) -> bool:
    """Take the wish back; False if there was none. Raises `NotYours`, `TooLateToStay` once the erasing has begun."""
    with transaction():
        row = fresh(Patient, patient.id)
        if row is not None and row.erased_at is not None:
            raise TooLateToStay
        if row is None or not may_decide_for(user, row):
            raise NotYours
        departure = open_for(row)  # whoever begins it takes the lock on the patient first, too
        if departure is None:
            return False
        departure.cancelled_at = clock.now()
        audit.record("erasure.cancelled", f"patient:{row.public_id}", patient_id=row.id)
        _tell_family(TELL_STAYS, departure)
    return True


def _tell_family(kind: str, departure: Departure) -> None:
    """Have everyone told who acts for the patient: one of two parents alone asks, both should know."""
    guardians = select(Guardianship.guardian_id).where(
        Guardianship.patient_id == departure.patient_id, Guardianship.ended_at.is_(None)
    )
    known = or_(User.id == departure.asked_by_id, User.id.in_(guardians))
    for user_id in db.session.scalars(select(User.id).where(known, User.active).order_by(User.id)):
        jobs.enqueue(kind, departure_id=departure.id, user_id=user_id)


def due() -> list[int]:
    """Return the wishes whose time is over and that were not begun, the oldest first."""
    query = select(Departure.id).where(
        Departure.cancelled_at.is_(None), Departure.begun_at.is_(None), Departure.due_at <= clock.now()
    )
    return list(db.session.scalars(query.order_by(Departure.due_at, Departure.id)))


def begin(departure_id: int) -> bool:
    """Make a patient invisible, close the account, and ask for the rest; False if there is nothing to begin.

    Children whom only this person acted for go along: nobody else could ever reach what is theirs.
    """
    with transaction():
        known = db.session.get(Departure, departure_id)
        patient = fresh(Patient, known.patient_id) if known is not None else None
        departure = fresh(Departure, departure_id)
        if departure is None or patient is None or departure.begun_at is not None:
            return False
        if departure.cancelled_at is not None:
            return False
        user = fresh(User, departure.user_id) if departure.user_id is not None else None
        if user is not None:
            user.active, user.fs_uniquifier = False, secrets.token_hex(32)
            for ward in wards_of(user):
                _take_along(departure, ward)
        _start(departure, patient)
    return True


def _take_along(departure: Departure, ward: Ward) -> None:
    if ward.stays:
        return
    child = fresh(Patient, ward.patient.id)
    assert child is not None
    own = open_for(child)
    if own is None:
        own = Departure(patient_id=child.id, asked_by_id=departure.asked_by_id, asked_at=departure.asked_at)
        own.due_at = departure.due_at
        db.session.add(own)
        db.session.flush()
    if own.begun_at is None:
        _start(own, child)


def _start(departure: Departure, patient: Patient) -> None:
    departure.begun_at = patient.erased_at = clock.now()
    audit.record("erasure.begun", f"patient:{patient.public_id}", patient_id=patient.id)
    jobs.enqueue(ERASE, dedupe_key=str(departure.id), departure_id=departure.id)


def finish(departure_id: int) -> None:
    """Erase the account itself, in the transaction in progress (an effect): after every room has erased its part."""
    known = db.session.get(Departure, departure_id)
    patient = fresh(Patient, known.patient_id) if known is not None else None
    departure = fresh(Departure, departure_id)
    if departure is None or patient is None or departure.begun_at is None or departure.done_at is not None:
        return
    now = clock.now()
    ended = [Guardianship.patient_id == patient.id]
    consents = [Consent.patient_id == patient.id]
    if departure.user_id is not None:
        ended.append(Guardianship.guardian_id == departure.user_id)
        consents.append(Consent.user_id == departure.user_id)
        _empty_account(departure.user_id)
    for guardianship in db.session.scalars(select(Guardianship).where(or_(*ended))):
        guardianship.ended_at = guardianship.ended_at or now
    for consent in db.session.scalars(select(Consent).where(or_(*consents))):
        if consent.patient_id in (None, patient.id):  # what was agreed to for a child that stays, stands
            consent.withdrawn_at = consent.withdrawn_at or now
    # What only a new consultation would need, and the number by which others could find the person.
    patient.area = patient.exceptions = patient.mobile = None
    departure.done_at = now
    audit.record("erasure.done", f"patient:{patient.public_id}", patient_id=patient.id)
    _forget_if_free(departure, patient)


def _empty_account(user_id: int) -> None:
    user = fresh(User, user_id)
    assert user is not None
    addresses = identities_of(user)
    for identity in addresses:
        db.session.execute(delete(OneTimeCode).where(OneTimeCode.address == identity.value))
        db.session.execute(delete(FailedAttempts).where(FailedAttempts.identity == identity.value))
    if addresses:
        jobs.enqueue(TELL_GONE, sealed=sealed(addresses[0]), locale=user.locale)
    # The row stays for those that refer to it, with nothing in it. The address is free for a new account.
    user.email, user.mobile = f"{secrets.token_hex(12)}@erased.invalid", None
    user.name, user.password, user.active = "", None, False
    user.tf_primary_method = user.tf_totp_secret = user.mf_recovery_codes = user.tf_last_counter = None
    user.fs_uniquifier = secrets.token_hex(32)


def let_go() -> int:
    """Erase what was kept by law and is so no longer; return of how many people nothing is left."""
    query = select(Departure.id, Departure.patient_id).where(
        Departure.done_at.is_not(None), Departure.let_go_at.is_(None)
    )
    count = 0
    for departure_id, patient_id in db.session.execute(query.order_by(Departure.id)).all():
        for holding in holdings.holdings():
            holding.let_go(patient_id, clock.now())
        with transaction():
            patient, departure = fresh(Patient, patient_id), fresh(Departure, departure_id)
            if departure is not None and patient is not None and departure.let_go_at is None:
                count += _forget_if_free(departure, patient)
    return count


def _forget_if_free(departure: Departure, patient: Patient) -> bool:
    """Forget who it was, unless a record is kept that must say whose it is."""
    if holdings.kept_of(patient.id):
        return False
    patient.name, patient.birth_date, patient.sex = "", None, Sex.UNSTATED
    proxy_own_data.forget(patient.id)
    departure.let_go_at = clock.now()
    audit.record("erasure.let_go", f"patient:{patient.public_id}", patient_id=patient.id)
    return True
