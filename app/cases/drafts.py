"""A case before it is sent: each step of the form writes here, so that it can be resumed later."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import Patient, User
from app.accounts.policy import visible_patients
from app.accounts.service import is_in_charge_of, is_of
from app.audit import service as audit
from app.cases import body_sites, policy, questions
from app.cases.draft_rules import rules
from app.cases.errors import CaseClosed, NoSuchCase, OfAge, TooManyDrafts, UnknownSite
from app.cases.models import Case, CaseState, Lesion
from app.extensions import db
from app.infra import clock
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction

FORM_KEY_LENGTH = 40
SHOWN = 50


def new_form_key() -> str:
    """Return what makes one form one case, however often it is sent."""
    return random_id()


def own(user: User, public_id: str) -> Case:
    """Return a case of someone whom `user` is or acts for, or raise `NoSuchCase`."""
    case = db.session.scalar(policy.visible_cases(user).where(Case.public_id == public_id))
    if case is None or not is_of(user, case.patient):
        raise NoSuchCase(public_id)
    return case


def locked(user: User, public_id: str) -> Case:
    """Return the case anew and locked until the transaction in progress ends, or raise `NoSuchCase`."""
    case = fresh(Case, own(user, public_id).id)
    if case is None:
        raise NoSuchCase(public_id)
    return case


def locked_to_act(user: User, public_id: str) -> Case:
    """Return the case as `locked` does, to start something new; raise `OfAge` from the patient's 14th birthday on."""
    case = locked(user, public_id)
    if not is_in_charge_of(user, case.patient):
        raise OfAge(public_id)
    return case


def open_for_change(user: User, public_id: str) -> Case:
    """Return the locked draft, touched; raise `NoSuchCase`, `OfAge`, or `CaseClosed` once it was sent or thrown away."""
    case = locked_to_act(user, public_id)
    if case.state != CaseState.DRAFT:
        raise CaseClosed(case.state)
    case.touched_at = clock.now()
    return case


def open_draft(user: User, patient_id: int, form_key: str, *, demo_source: str | None = None) -> Case:
    """Return the case that belongs to a form, made on the first call: a draft, or whatever became of it.

    demo_source: where the photos of a demonstration come from. Raises `NoSuchCase` if the patient is not in the
    care of `user`, `OfAge` if no longer, `TooManyDrafts`.
    """
    if not form_key or len(form_key) > FORM_KEY_LENGTH:
        raise NoSuchCase("form key")
    with transaction() as session:
        known = _of_form(user, form_key)
        if known is not None:
            return known
        patient = session.scalar(visible_patients(user).where(Patient.id == patient_id))
        if patient is None:
            raise NoSuchCase("patient")
        if not is_in_charge_of(user, patient):
            raise OfAge("patient")
        fresh(Patient, patient_id)  # the lock makes those who begin several at once take turns
        if patient.erased_at is not None:
            raise NoSuchCase("patient")
        known = _of_form(user, form_key)
        if known is not None:  # another request with the same form was faster
            return known
        if _open_about(patient_id) >= rules().limit:
            raise TooManyDrafts(rules().limit)
        case = Case(
            public_id=random_id(),
            patient_id=patient_id,
            created_by_id=user.id,
            form_key=form_key,
            state=CaseState.DRAFT,
            is_demo=user.is_demo,
            demo_source=demo_source,
            created_at=clock.now(),
            touched_at=clock.now(),
        )
        try:
            with session.begin_nested():
                session.add(case)
        except IntegrityError:  # the same form, about somebody else, was faster (PostgreSQL)
            return _of_form(user, form_key) or case
        audit.record("case.open", f"case:{case.public_id}", patient_id=patient_id)
    return case


def _of_form(user: User, form_key: str) -> Case | None:
    query = select(Case).where(Case.created_by_id == user.id, Case.form_key == form_key)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _open_about(patient_id: int) -> int:
    query = select(func.count()).where(Case.patient_id == patient_id, Case.state == CaseState.DRAFT)
    return db.session.scalar(query) or 0


def place(user: User, public_id: str, site: str) -> Case:
    """Say where on the body the lesion is; another place than that of earlier photos makes it another lesion.

    Raises `UnknownSite`, `NoSuchCase`, `CaseClosed`.
    """
    if body_sites.find(site) is None:
        raise UnknownSite(site)
    with transaction():
        case = open_for_change(user, public_id)
        if case.lesion is not None and case.lesion.body_site == site:
            return case
        if case.lesion is None or is_shared(case):
            if case.lesion is not None:  # what was said of the other spot is not said of this one
                case.answers, case.note = about_person(case), None
            case.lesion = Lesion(
                public_id=random_id(), patient_id=case.patient_id, body_site=site, created_at=clock.now()
            )
        else:
            case.lesion.body_site = site
        _filled_in(case)
    return case


def _filled_in(case: Case) -> None:
    audit.record("case.fill_in", case.topic, patient_id=case.patient_id)


def is_shared(case: Case) -> bool:
    """True if other cases are about the same lesion: it is not this draft's to change or take away."""
    others = select(Case.id).where(Case.lesion_id == case.lesion_id, Case.id != case.id)
    return case.lesion_id is not None and db.session.scalar(others.limit(1)) is not None


def is_followed(case: Case) -> bool:
    """True if photos of the same lesion were sent before: only what has changed is asked."""
    if case.lesion_id is None:
        return False
    earlier = select(Case.id).where(Case.lesion_id == case.lesion_id, Case.id != case.id, policy.SENT)
    return db.session.scalar(earlier.limit(1)) is not None


def answer(
    user: User, public_id: str, answers: Mapping[str, Any], keys: Collection[str] = questions.ALL_KEYS
) -> Case:
    """Keep the answers to the questions named by `keys`; others stay as they were.

    Raises `BadAnswers`, `NoSuchCase`, `CaseClosed`.
    """
    return _keep(user, public_id, questions.check(answers, keys))


def known(case: Case) -> dict[str, Any]:
    """Return the answers of a draft, with what the account knows already: until it is sent, as the account has it now."""
    return known_about(case.patient) | (case.answers or {})


def about_person(case: Case) -> dict[str, Any]:
    """Return those of a draft's answers that are about the person and not about the spot."""
    return {key: value for key, value in (case.answers or {}).items() if key in questions.PERSON_KEYS}


def _keep(user: User, public_id: str, given: Mapping[str, Any]) -> Case:
    """The audit log has the first answer and every one that takes another's place, not all ten of them."""
    with transaction():
        case = open_for_change(user, public_id)
        before = dict(case.answers or {})
        if not before or any(before.get(key, value) != value for key, value in given.items()):
            _filled_in(case)
        case.answers = before | dict(given)
    return case


def known_about(patient: Patient) -> dict[str, Any]:
    """Return the answers that need no question, because the account has them: age and sex."""
    age = questions.age_on(patient.birth_date, clock.today_in_korea().date())
    known: dict[str, Any] = {} if age is None else {questions.AGE: age}
    return known if patient.sex == questions.UNSTATED else known | {"sex": str(patient.sex)}


def keep(user: User, public_id: str, given: Mapping[str, Any]) -> Case:
    """Keep the answers as they are being given: those that are on offer; the others stay as they were.

    Raises `NoSuchCase`, `CaseClosed`.
    """
    return _keep(user, public_id, questions.usable(given))


def open_drafts(user: User, among: Collection[int] | None = None) -> list[Case]:
    """Return the drafts of everyone that `user` may see, newest first, with what a list shows of them.

    among: of these patients alone (by id).
    """
    query = policy.visible_cases(user).where(Case.state == CaseState.DRAFT).order_by(Case.id.desc())
    if among is not None:
        query = query.where(Case.patient_id.in_(among))
    shown = (joinedload(Case.patient), joinedload(Case.lesion), selectinload(Case.photos))
    return list(db.session.scalars(query.options(*shown).limit(SHOWN)))


def keep_key(case: Case) -> str:
    """Return the key (AES-256, url-safe base64) under which a sender's own device keeps photos on their way.

    It is told only to who may open the draft, so that nobody else who uses the device can read them.
    """
    return base64.urlsafe_b64encode(keyring().derive(f"kept:{case.public_id}")).decode()


def kept_until(case: Case) -> datetime:
    """Return the day until which an untouched draft certainly stays."""
    return case.touched_at + rules().keep


def missing_steps(case: Case) -> list[str]:
    """Return which steps of the form still lack something: photos, place, questions, person.

    Of a spot that was sent before, what has changed is asked too; "" is an answer.
    """
    answers = known(case)
    complete = {
        "photos": bool(case.photos),
        "place": case.lesion is not None,
        "questions": questions.complete(answers, questions.LESION_KEYS)
        and (case.note is not None or not is_followed(case)),
        "person": questions.complete(answers, questions.PERSON_KEYS),
    }
    return [step for step, done in complete.items() if not done]
