"""What a patient does with a case as a whole: send it, take it back, ask about the finding."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy.orm import joinedload, selectinload

from app.accounts import service as accounts
from app.accounts.models import Patient, User
from app.audit import service as audit
from app.cases import drafts, forgetting, lateness, lesions, photos, policy, triage
from app.cases.errors import AlreadyAsked, CaseClosed, EmptyQuestion, NotReady
from app.cases.models import Case, CaseState, Question
from app.extensions import db
from app.infra import clock, events, jobs
from app.infra.database import fresh, transaction

QUESTION_LENGTH = 1000
SHOWN = 100


def submit(user: User, public_id: str, *, reading_hours: int) -> Case:
    """Send a draft to be analysed and read; sending it again changes nothing.

    Raises `NotReady` naming the steps that lack something, `CaseClosed` if it was thrown away, `OfAge`,
    `NoSuchCase`.
    """
    with transaction():
        case = drafts.locked_to_act(user, public_id)
        if case.state == CaseState.WITHDRAWN:
            raise CaseClosed(case.state)
        if case.state != CaseState.DRAFT:
            return case
        fresh(Patient, case.patient_id)  # who takes a consent back at this moment goes first, or last
        missing = drafts.missing_steps(case)
        if accounts.missing_consents(user, case.patient):
            missing.append("consents")
        if missing:
            raise NotReady(missing)
        case.answers = drafts.known(case)
        case.state, case.submitted_at = CaseState.SUBMITTED, clock.now()
        case.read_by = case.submitted_at + timedelta(hours=reading_hours)
        case.urgent = triage.urgent_reason(case.answers, model=False)
        lesions.photographed(case, user)
        events.publish("case.submitted", case.topic, case=case.public_id)
        if case.urgent:
            events.publish("case.urgent", case.topic, case=case.public_id)
        audit.record("case.submit", case.topic, patient_id=case.patient_id)
        jobs.enqueue("analyse_case", dedupe_key=case.public_id, case_id=case.id)
        lateness.watch(case)
    return case


def withdraw(user: User, public_id: str) -> Case:
    """Take a case back, or throw a draft away; doing it again changes nothing.

    Photos are destroyed at once unless a doctor has already written a reading of them, which must be kept
    together with what it was about. Raises `CaseClosed` once the finding is signed, `NoSuchCase`.
    """
    with transaction():
        case = drafts.locked(user, public_id)
        if case.state == CaseState.WITHDRAWN:
            return case
        if case.state not in policy.UNDER_WAY:
            raise CaseClosed(case.state)
        take_back(case)
    return case


def take_back(case: Case) -> None:
    """Withdraw a locked case that nobody has signed, in the transaction in progress."""
    was_draft = case.state == CaseState.DRAFT
    case.state, case.withdrawn_at = CaseState.WITHDRAWN, clock.now()
    if was_draft:
        forgetting.clear(case)
    else:
        if not has_been_read(case):
            for photo in case.photos:
                photos.erase(photo)
        lesions.taken_back(case)
        events.publish("case.withdrawn", case.topic, case=case.public_id)
    audit.record("case.withdraw", case.topic, patient_id=case.patient_id)


def sent_cases(user: User, among: Collection[int] | None = None) -> list[Case]:
    """Return the cases sent for everyone that `user` may see, newest first, with what a list shows of them.

    among: of these patients alone (by id). That those of others were seen is recorded.
    """
    shown = (
        joinedload(Case.patient),
        joinedload(Case.lesion),
        joinedload(Case.question),
        selectinload(Case.findings),
    )
    query = policy.visible_cases(user).where(Case.submitted_at.is_not(None)).options(*shown)
    if among is not None:
        query = query.where(Case.patient_id.in_(among))
    found = list(db.session.scalars(query.order_by(Case.submitted_at.desc(), Case.id.desc()).limit(SHOWN)))
    audit.record_listed(
        "case.listed", [(one.topic, one.patient_id) for one in found if one.patient.user_id != user.id]
    )
    return found


def has_been_read(case: Case) -> bool:
    """True once a doctor has stored a first reading."""
    return bool(case.first_reads)


def ask(user: User, public_id: str, text: str) -> Question:
    """Ask the one question about a signed finding.

    Raises `CaseClosed` before the finding, `AlreadyAsked`, `EmptyQuestion` (too long, too), `OfAge`, `NoSuchCase`.
    """
    words = text.strip()
    if not words or len(words) > QUESTION_LENGTH:
        raise EmptyQuestion(str(len(words)))
    with transaction() as session:
        case = drafts.locked_to_act(user, public_id)
        if case.state != CaseState.SIGNED:
            raise CaseClosed(case.state)
        if case.question is not None:
            raise AlreadyAsked(public_id)
        question = Question(case=case, text=words, asked_at=clock.now())
        session.add(question)
        events.publish("case.question_asked", case.topic, case=case.public_id)
        audit.record("question.ask", case.topic, patient_id=case.patient_id)
    return question
