"""Leaving, and having everything erased: a wish, a time to think it over, then it goes.

The wish itself changes nothing, so that taking it back loses nothing. Once the time is over `begin` makes the
person invisible at one stroke; what follows may be cut short and done again. Each room erases its own part
(`holdings`); the account itself goes last (`finish`). What had to be kept beyond that goes in its time (`let_go`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, or_, select

from app.accounts import holdings, proxy_own_data
from app.accounts.consents import may_decide_for
from app.accounts.contacts import identities_of, sealed
from app.accounts.errors import NotYours, TooLateToStay
from app.accounts.identity import Channel, Identity
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
from app.accounts.telephone_children import forget_guardian
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, transaction
from app.permissions import Role

ERASE = "accounts.erase"
TELL_ASKED, TELL_STAYS, TELL_GONE = (
    "accounts.tell_leaving",
    "accounts.tell_staying",
    "accounts.tell_gone",
)
TELL_CALLER_ASKED, TELL_CALLER_STAYS, TELL_CALLER_GONE = (
    "accounts.tell_caller_leaving",
    "accounts.tell_caller_staying",
    "accounts.tell_caller_gone",
)
TO_BE_TOLD = timedelta(days=1)
"""For so long after an erasing its doctors can still be told, and read, that a time is free again."""


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
    with transaction():
        row = fresh(Patient, patient.id)
        if row is None or not may_decide_for(user, row):
            raise NotYours
        standing = open_for(row)
        if standing is not None:
            return standing
        audit.record("erasure.asked", f"patient:{row.public_id}", patient_id=row.id)
        return _wish(user, row)


def ask_by_telephone(operator: User, patient_id: int) -> Departure:
    """Record that a caller without an account wants everything about them erased; asking again changes nothing.

    Raises `NotYours` for whoever has an account: they ask there themself.
    """
    with transaction():
        row = _caller(patient_id)
        standing = open_for(row)
        if standing is not None:
            return standing
        audit.record("erasure.asked_by_telephone", f"patient:{row.public_id}", patient_id=row.id)
        return _wish(operator, row)


def _caller(patient_id: int) -> Patient:
    row = fresh(Patient, patient_id)
    if row is None or row.user_id is not None or row.mobile is None:
        raise NotYours
    if row.erased_at is not None:
        raise TooLateToStay
    return row


def _wish(user: User, patient: Patient) -> Departure:
    now = clock.now()
    departure = Departure(
        patient_id=patient.id,
        user_id=user.id if patient.user_id == user.id else None,
        asked_by_id=user.id,
        asked_at=now,
        due_at=now + wait(),
    )
    db.session.add(departure)
    db.session.flush()
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
        cancelled = _take_back(row)
        if cancelled:
            audit.record("erasure.cancelled", f"patient:{row.public_id}", patient_id=row.id)
    return cancelled


def cancel_by_telephone(patient_id: int) -> bool:
    """Take back the wish of a caller without an account; returns and raises as `cancel`."""
    with transaction():
        row = _caller(patient_id)
        cancelled = _take_back(row)
        if cancelled:
            audit.record("erasure.cancelled_by_telephone", f"patient:{row.public_id}", patient_id=row.id)
    return cancelled


def _take_back(patient: Patient) -> bool:
    departure = open_for(patient)  # whoever begins it takes the lock on the patient first, too
    if departure is None:
        return False
    departure.cancelled_at = clock.now()
    _tell_family(TELL_STAYS, departure)
    return True


def _tell_family(kind: str, departure: Departure) -> None:
    """Have everyone told who acts for the patient: one of two parents alone asks, both should know.

    Who has only a telephone is told there; the operator who wrote it down is not.
    """
    patient = db.session.get(Patient, departure.patient_id)
    assert patient is not None
    if patient.user_id is None and patient.mobile is not None:
        to_caller = TELL_CALLER_ASKED if kind == TELL_ASKED else TELL_CALLER_STAYS
        jobs.enqueue(to_caller, departure_id=departure.id)
    guardians = select(Guardianship.guardian_id).where(
        Guardianship.patient_id == departure.patient_id, Guardianship.ended_at.is_(None)
    )
    known = or_(User.id == departure.asked_by_id, User.id == (patient.user_id or 0), User.id.in_(guardians))
    told = select(User.id).where(known, User.active, User.role == Role.PATIENT)
    for user_id in db.session.scalars(told.order_by(User.id)):
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
        if departure.user_id is None:
            departure.user_id = (
                patient.user_id
            )  # who joined in the meantime has seen the wish, and let it stand
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
    _ask_for_erasing(departure.id)


def _ask_for_erasing(departure_id: int) -> None:
    jobs.enqueue(ERASE, dedupe_key=str(departure_id), departure_id=departure_id)


def ask_again() -> None:
    """Ask for the erasing of whoever was begun and is not through, unless it is asked for or failed a while ago."""
    under_way = Departure.begun_at.is_not(None) & Departure.done_at.is_(None)
    query = select(Departure.id).where(under_way).order_by(Departure.id)
    with transaction() as session:
        for departure_id in session.scalars(query).all():
            _ask_for_erasing(departure_id)


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
    if patient.user_id is None and patient.mobile is not None:
        jobs.enqueue(TELL_CALLER_GONE, sealed=sealed(Identity(Channel.MOBILE, patient.mobile)))
    # What only a new consultation would need, and the number by which others could find the person.
    patient.area = patient.exceptions = patient.mobile = None
    forget_guardian(patient.id)
    departure.done_at = now
    audit.record("erasure.done", f"patient:{patient.public_id}", patient_id=patient.id)
    if not holdings.kept_of(patient.id):
        _forget_who(patient)


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
    """Erase what is kept no longer; return of how many people nothing is left.

    Of whom the law wants nothing kept, that is what only told the doctors that a time is free (`TO_BE_TOLD`).
    """
    query = select(Departure.id, Departure.patient_id).where(
        Departure.done_at <= clock.now() - TO_BE_TOLD, Departure.let_go_at.is_(None)
    )
    found = db.session.execute(query.order_by(Departure.id)).all()
    return sum(_let_go_of(departure_id, patient_id) for departure_id, patient_id in found)


def _let_go_of(departure_id: int, patient_id: int) -> bool:
    _ask_every_room(patient_id)
    if holdings.kept_of(patient_id):
        return False
    # Once more: one room may have kept something for as long as another, asked after it, kept a record.
    _ask_every_room(patient_id)
    with transaction():
        patient, departure = fresh(Patient, patient_id), fresh(Departure, departure_id)
        if departure is None or patient is None or departure.let_go_at is not None:
            return False
        _forget_who(patient)
        departure.let_go_at = clock.now()
        audit.record("erasure.let_go", f"patient:{patient.public_id}", patient_id=patient.id)
    return True


def _ask_every_room(patient_id: int) -> None:
    for holding in holdings.holdings():
        holding.let_go(patient_id, clock.now())


def _forget_who(patient: Patient) -> None:
    """Forget who it was, and whom they permitted to act: no record is kept that must say whose it is."""
    patient.name, patient.birth_date, patient.sex = "", None, Sex.UNSTATED
    proxy_own_data.forget(patient.id)
