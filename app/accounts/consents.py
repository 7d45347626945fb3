"""What people agree to: the texts in force, and who has agreed to them for whom."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from flask_babel import get_locale
from sqlalchemy import Exists, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.age import begun_alone, decides_alone
from app.accounts.errors import ConsentMissing, NotYours
from app.accounts.models import Consent, ConsentKind, Guardianship, Patient, User
from app.accounts.proxy_access import permission_of
from app.accounts.proxy_models import Scope
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, transaction

TEXTS = Path(__file__).with_name("consents.toml")
AT_SIGN_UP = (ConsentKind.TERMS, ConsentKind.HEALTH_DATA)
"""Without these there is no account."""
BEFORE_A_CASE = (ConsentKind.TERMS, ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE, ConsentKind.AI_NOTICE)
"""What must have been agreed to before a case is sent."""


@dataclass(frozen=True)
class ConsentText:
    """One text in force, in every language of the portal ("ko", "en")."""

    kind: ConsentKind
    version: str
    titles: Mapping[str, str]
    texts: Mapping[str, tuple[str, ...]]

    @property
    def title(self) -> str:
        """The sentence that is agreed to, in the reader's language."""
        return self.titles.get(str(get_locale()), self.titles["ko"])

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What it means, in the reader's language."""
        return self.texts.get(str(get_locale()), self.texts["ko"])


@cache
def texts() -> dict[ConsentKind, ConsentText]:
    """Return the texts in force, by kind, in the order in which they are asked."""
    read = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    found = {}
    for kind in ConsentKind:
        entry = read[kind]
        paragraphs = {locale: tuple(lines) for locale, lines in entry["text"].items()}
        found[kind] = ConsentText(kind, entry["version"], entry["title"], paragraphs)
    return found


def is_own_or_ward(user: User, patient: Patient) -> bool:
    """True if `user` is the patient, or their guardian at present; nobody is, of who was erased."""
    if patient.erased_at is not None:
        return False
    if patient.user_id is not None and patient.user_id == user.id:
        return True
    open_one = select(Guardianship.id).where(
        Guardianship.guardian_id == user.id,
        Guardianship.patient_id == patient.id,
        Guardianship.ended_at.is_(None),
    )
    return db.session.scalar(open_one) is not None


def is_of(user: User, patient: Patient) -> bool:
    """True if `user` is the patient, their guardian, or a helper with their permission, at present.

    They see, and may put an end to, what there is; a helper no finding without permission to read them.
    """
    if patient.erased_at is not None:
        return False
    return is_own_or_ward(user, patient) or permission_of(user, patient) is not None


def outgrown_by(user: User, patient: Patient) -> bool:
    """True if the patient has turned 14 and has not permitted `user` to act: nothing new is started for them."""
    if patient.user_id == user.id or not decides_alone(patient):
        return False
    return permission_of(user, patient) is None


def is_in_charge_of(user: User, patient: Patient) -> bool:
    """True if `user` may start something new for the patient (send, agree, book).

    A guardian until the child turns 14; a helper while the patient's permission stands.
    """
    return is_of(user, patient) and not outgrown_by(user, patient)


def may_decide_for(user: User, patient: Patient) -> bool:
    """True for the patient themself and for a child's guardian: what no helper may do is theirs alone.

    Changing who the patient is, taking a consent back, permitting others, having everything erased.
    """
    return is_own_or_ward(user, patient) and (patient.user_id == user.id or not decides_alone(patient))


def reads_findings_of(user: User, patient: Patient) -> bool:
    """True if `user` may read what a doctor answers: not a helper who may only send and book."""
    if is_own_or_ward(user, patient):
        return True
    permission = permission_of(user, patient)
    return permission is not None and permission.scope == Scope.READ


def _may_take_back(user: User, patient: Patient, kind: ConsentKind) -> bool:
    """A helper only for somebody who has no account, and so no other way; no guardian what a grown child agreed to."""
    if outgrown_by(user, patient) and any(
        begun_alone(patient, consent.given_at) for consent in _standing(patient.id, kind)
    ):
        return False
    return is_own_or_ward(user, patient) or (patient.user_id is None and is_of(user, patient))


def missing_consents(
    user: User, patient: Patient, kinds: Iterable[ConsentKind] = BEFORE_A_CASE
) -> list[ConsentKind]:
    """Return those of `kinds` that nobody has agreed to, in the version in force, for this patient.

    The terms are the user's own; everything else is the patient's, whoever agreed for them.
    """
    wanted = list(kinds)
    query = select(Consent.kind, Consent.version).where(
        Consent.withdrawn_at.is_(None),
        (Consent.patient_id == patient.id) | (Consent.patient_id.is_(None) & (Consent.user_id == user.id)),
    )
    held = {(kind, version) for kind, version in db.session.execute(query)}
    return [kind for kind in wanted if (kind, texts()[kind].version) not in held]


def stands(kind: ConsentKind, patient_id: int | InstrumentedAttribute[int]) -> Exists:
    """Return the condition that an agreement to `kind`, in whatever version, has not been taken back.

    For what is under way: a new version is asked for before the next case, and stops none that was sent.
    """
    return exists().where(
        Consent.patient_id == patient_id, Consent.kind == kind, Consent.withdrawn_at.is_(None)
    )


def has_consent(kind: ConsentKind, patient_id: int, since: str = "") -> bool:
    """True while an agreement to `kind` stands for the patient; since: to this version or a later one."""
    late_enough = stands(kind, patient_id).where(Consent.version >= since)
    return bool(db.session.scalar(select(late_enough)))


def give_consents(user: User, patient: Patient, kinds: Collection[ConsentKind]) -> list[Consent]:
    """Record that `user` agrees, for `patient`, to the texts in force; what was already given stays.

    Raises `NotYours` if the user may not decide for the patient. Returns what was newly recorded.
    """
    with transaction() as session:
        # One at a time for each patient, so that giving twice at once records it once.
        if fresh(Patient, patient.id) is None or not is_in_charge_of(user, patient):
            raise NotYours
        given = []
        for kind in missing_consents(user, patient, kinds):
            consent = Consent(
                user_id=user.id,
                patient_id=None if kind is ConsentKind.TERMS else patient.id,
                kind=kind,
                version=texts()[kind].version,
                given_at=clock.now(),
            )
            session.add(consent)
            given.append(consent)
            audit.record("consent.given", f"consent:{kind.value}", patient_id=patient.id)
        session.flush()
    return given


def withdraw_consent(user: User, patient: Patient, kind: ConsentKind) -> None:
    """Record that `user` takes back every consent of `kind` for `patient`; nothing happens if there is none.

    The terms cannot be withdrawn alone: that is closing the account. A guardian may take back what was
    given for a child who has turned 14 since: it only ends things, and nobody else could. What the child has
    agreed to since is the child's. Raises `ConsentMissing` for the terms, `NotYours` if the user is neither the
    patient nor their guardian; nor a helper of somebody who has no account.
    """
    if kind is ConsentKind.TERMS:
        raise ConsentMissing([kind])
    with transaction():
        if fresh(Patient, patient.id) is None or not _may_take_back(user, patient, kind):
            raise NotYours
        if end_consents(user, patient, kind):
            audit.record("consent.withdrawn", f"consent:{kind.value}", patient_id=patient.id)


def end_consents(user: User, patient: Patient, kind: ConsentKind) -> bool:
    """End what was agreed to and tell the other rooms, in the transaction in progress; False if there was nothing.

    The patient is locked already; whether `user` may, and what the log says of it, is the caller's.
    """
    withdrawn = _standing(patient.id, kind)
    for consent in withdrawn:
        consent.withdrawn_at = clock.now()
    if kind is ConsentKind.HEALTH_DATA:
        patient.exceptions = None  # they tell of illness and disability
    if withdrawn:
        events.publish(
            "consent.withdrawn",
            f"patient:{patient.public_id}",
            patient_id=patient.id,
            consent=kind,
            user_id=user.id,
        )
    return bool(withdrawn)


def _standing(patient_id: int, kind: ConsentKind) -> list[Consent]:
    query = select(Consent).where(
        Consent.patient_id == patient_id, Consent.kind == kind, Consent.withdrawn_at.is_(None)
    )
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


@dataclass(frozen=True)
class ConsentState:
    """How one text stands for one patient; `given` is None where nobody agrees to it at present.

    ended_at: then, when the last agreement was taken back or ended; None if there never was one.
    """

    text: ConsentText
    given: Consent | None
    ended_at: datetime | None = None

    @property
    def up_to_date(self) -> bool:
        """True if what was agreed to is the version in force."""
        return self.given is not None and self.given.version == self.text.version


def consent_states(user: User, patient: Patient) -> list[ConsentState]:
    """Return how every text stands for the patient; the terms only where the patient is the user."""
    every = consents_of(user, patient)
    kinds = [kind for kind in ConsentKind if kind is not ConsentKind.TERMS or patient.user_id == user.id]
    return [_state(kind, [consent for consent in every if consent.kind == kind]) for kind in kinds]


def _state(kind: ConsentKind, consents: list[Consent]) -> ConsentState:
    """How a text stands, by every consent of its kind, the newest first."""
    given = next((consent for consent in consents if consent.withdrawn_at is None), None)
    ends = [consent.withdrawn_at for consent in consents if consent.withdrawn_at is not None]
    return ConsentState(texts()[kind], given, None if given else max(ends, default=None))


def consents_of(user: User, patient: Patient) -> list[Consent]:
    """Return every consent given for the patient and the user's own, newest first, withdrawn ones too."""
    query = (
        select(Consent)
        .where(
            (Consent.patient_id == patient.id) | (Consent.patient_id.is_(None) & (Consent.user_id == user.id))
        )
        .order_by(Consent.given_at.desc(), Consent.id.desc())
    )
    return list(db.session.scalars(query))
