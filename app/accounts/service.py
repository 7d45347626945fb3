"""Who belongs to the portal: registering patients, doctors and operators, and the children in their care.

The rest of the room's services live beside this file and are offered here under one name.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date

from flask_security.utils import hash_password
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from app.accounts.age import AGE_OF_CONSENT, age_in_years
from app.accounts.care import (
    LATEST_BIRTH_YEARS_AGO,
    MAX_DEPENDENTS,
    add_dependent,
    add_patient,
    dependents_of,
    end_guardianship,
    guardianships_of,
    in_charge_of,
    outgrown,
    patients_for,
)
from app.accounts.claiming import claim
from app.accounts.consents import (
    AT_SIGN_UP,
    BEFORE_A_CASE,
    ConsentState,
    ConsentText,
    consent_states,
    consents_of,
    give_consents,
    has_consent,
    is_in_charge_of,
    is_of,
    may_decide_for,
    missing_consents,
    outgrown_by,
    reads_findings_of,
    stands,
    texts,
    withdraw_consent,
)
from app.accounts.errors import (
    ConsentMissing,
    IdentityMissing,
    IdentityTaken,
    LicenceTaken,
    NotAChild,
    NotYours,
    PasswordMissing,
    TooYoung,
)
from app.accounts.identity import normalise_email, normalise_mobile
from app.accounts.links import settings
from app.accounts.models import ConsentKind, DoctorProfile, Patient, Sex, User
from app.accounts.telephone_children import bring_home
from app.audit import service as audit
from app.extensions import db, security
from app.infra import clock
from app.infra.database import fresh, transaction
from app.permissions import Role

__all__ = [
    "AT_SIGN_UP",
    "BEFORE_A_CASE",
    "LATEST_BIRTH_YEARS_AGO",
    "MAX_DEPENDENTS",
    "ConsentState",
    "ConsentText",
    "add_dependent",
    "age_in_years",
    "consent_states",
    "consents_of",
    "correct_person",
    "create_doctor",
    "create_operator",
    "dependents_of",
    "end_guardianship",
    "find_user",
    "give_consents",
    "guardianships_of",
    "has_consent",
    "hashed",
    "in_charge_of",
    "is_in_charge_of",
    "is_of",
    "may_decide_for",
    "missing_consents",
    "outgrown",
    "outgrown_by",
    "patients_for",
    "reads_findings_of",
    "register_patient",
    "stands",
    "texts",
    "update_profile",
    "withdraw_consent",
]


def find_user(*, email: str | None = None, mobile: str | None = None) -> User | None:
    """Return the user known by this normalised e-mail address or mobile number; None for neither.

    In production nobody of the demonstration is known: its passwords are public, and a database may have
    been filled before it went into production.
    """
    known = User.email == email if email else User.mobile == mobile if mobile else None
    if known is None:
        return None
    query = select(User).where(known)
    return db.session.scalar(query.where(~User.is_demo) if settings().env == "production" else query)


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password, brought to one Unicode form first. Takes its time on purpose.

    Raises `PasswordMissing` for an empty one.
    """
    if not password:
        raise PasswordMissing
    kept: str = hash_password(security.password_util.normalize(password))
    return kept


def register_patient(
    *,
    name: str,
    birth_date: date,
    sex: Sex,
    mobile: str | None = None,
    email: str | None = None,
    password: str | None = None,
    consents: Collection[ConsentKind] = AT_SIGN_UP,
    locale: str = "ko",
    is_demo: bool = False,
) -> User:
    """Make an account for a person of 14 or more, with their patient row (``user.patient``) and consents.

    The address is taken as proven; asking for the code is the door's part. The password may be left
    out by who has a mobile number. The audit log has it all as done by the person. Raises `TooYoung`,
    `ConsentMissing`, `IdentityMissing`, `IdentityTaken`, `PasswordMissing`.
    """
    if age_in_years(birth_date) < AGE_OF_CONSENT:
        raise TooYoung
    lacking = [kind for kind in AT_SIGN_UP if kind not in consents]
    if lacking:
        raise ConsentMissing(lacking)
    if not password and not mobile:
        raise PasswordMissing if email else IdentityMissing
    kept = hashed(password) if password else None
    with transaction():
        user = _add_user(Role.PATIENT, name, email, mobile, kept, locale, is_demo)
        with audit.acting_as(user.id, user.role):
            patient = claim(user.mobile, user.id, name=name, birth_date=birth_date, sex=sex)
            patient = patient or add_patient(name, birth_date, sex, is_demo, user_id=user.id)
            user.patient = patient
            db.session.flush()
            audit.record("account.created", f"user:{user.id}", patient_id=patient.id)
            give_consents(user, patient, consents)
            bring_home(user)
    return user


def create_doctor(
    *,
    name: str,
    email: str,
    password: str = "",
    password_hash: str = "",
    licence_number: str,
    clinic: str,
    specialty: str,
    mobile: str | None = None,
    locale: str = "ko",
    is_demo: bool = False,
) -> User:
    """Make an account for a doctor, with their profile (``user.doctor``).

    Give the password, or what `hashed` made of it (outside of the transaction in progress).
    Raises `IdentityTaken` or `LicenceTaken`.
    """
    kept = password_hash or hashed(password)
    with transaction():
        licence = licence_number.strip()
        if db.session.scalar(select(DoctorProfile.user_id).where(DoctorProfile.licence_number == licence)):
            raise LicenceTaken
        user = _add_user(Role.DOCTOR, name, email, mobile, kept, locale, is_demo)
        user.doctor = DoctorProfile(
            licence_number=licence, clinic=clinic.strip(), specialty=specialty.strip()
        )
        flush_or(LicenceTaken)
        audit.record("account.created", f"user:{user.id}")
    return user


def create_operator(
    *,
    name: str,
    email: str,
    password: str = "",
    password_hash: str = "",
    mobile: str | None = None,
    locale: str = "ko",
    is_demo: bool = False,
) -> User:
    """Make an account for an operator; the password as for `create_doctor`. Raises `IdentityTaken`."""
    kept = password_hash or hashed(password)
    with transaction():
        user = _add_user(Role.OPERATOR, name, email, mobile, kept, locale, is_demo)
        audit.record("account.created", f"user:{user.id}")
    return user


def _add_user(
    role: Role,
    name: str,
    email: str | None,
    mobile: str | None,
    password_hash: str | None,
    locale: str,
    is_demo: bool,
) -> User:
    if not email and not mobile:
        raise IdentityMissing
    email = normalise_email(email) if email else None
    mobile = normalise_mobile(mobile) if mobile else None
    known = [User.email == email] if email else []
    known += [User.mobile == mobile] if mobile else []
    if db.session.scalar(select(User.id).where(or_(*known))) is not None:
        raise IdentityTaken
    user = User(
        fs_uniquifier=secrets.token_hex(32),
        role=role,
        name=name.strip(),
        email=email,
        mobile=mobile,
        password=password_hash,
        active=True,
        locale=locale,
        is_demo=is_demo,
        created_at=clock.now(),
        confirmed_at=clock.now(),
    )
    db.session.add(user)
    flush_or(IdentityTaken)
    return user


def flush_or(error: type[Exception]) -> None:
    """Flush, and name what a broken constraint means."""
    # Two at once can both find nothing; the database's constraint decides, and this names its verdict.
    try:
        db.session.flush()
    except IntegrityError as fault:
        raise error from fault


def correct_person(user: User, patient: Patient, *, name: str, birth_date: date, sex: Sex) -> frozenset[str]:
    """Set right who a patient is; return which fields changed. What was signed before stays as it was signed.

    The audit log keeps which fields, not what they said. Raises `NotYours`, `TooYoung` for one's own account
    below 14, `NotAChild` for a child in one's care from 14 on.
    """
    with transaction():
        row = fresh(Patient, patient.id)
        if row is None or not may_decide_for(user, row):
            raise NotYours
        is_child = age_in_years(birth_date) < AGE_OF_CONSENT
        if row.user_id == user.id and is_child:
            raise TooYoung
        if row.user_id != user.id and not is_child:
            raise NotAChild
        new = {"name": name.strip(), "birth_date": birth_date.isoformat(), "sex": sex}
        changed = frozenset(field for field, value in new.items() if getattr(row, field) != value)
        for field in changed:
            setattr(row, field, new[field])
        if "name" in changed and row.user_id == user.id:
            account = fresh(User, user.id)
            assert account is not None
            account.name = name.strip()
        if changed:
            target = f"patient:{row.public_id}:{','.join(sorted(changed))}"
            audit.record("person.corrected", target, patient_id=row.id)
    return changed


def update_profile(user: User, *, name: str, locale: str) -> User:
    """Change what a person is called and the language they are written to in; returns the fresh row."""
    with transaction() as session:
        row = fresh(User, user.id)
        if row is None:
            raise NotYours
        row.name, row.locale = name.strip(), locale
        own = session.scalar(select(Patient).where(Patient.user_id == row.id))
        if own is not None:
            own.name = row.name
        audit.record("account.profile_changed", f"user:{row.id}", patient_id=own.id if own else None)
    return row
