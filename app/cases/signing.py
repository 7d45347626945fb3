"""The signed finding: written as a draft, shown as the patient will read it, signed, amended by new versions."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.audit import service as audit
from app.audit.models import Outcome
from app.cases import diagnoses
from app.cases.errors import CaseClosed, CaseError, NoSuchCase
from app.cases.models import Agreement, Case, CaseOpinion, CaseState, Finding, FirstRead, NextStep, Question
from app.cases.opinion import NOT_READABLE
from app.cases.reading import NotInHand, ReadFirst, first_read_of, may_be_read
from app.cases.reading_models import FindingDraft
from app.cases.reading_rules import rules
from app.extensions import db
from app.infra import clock, events
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction

ADVICE_LIMIT = 4000
REASON_LIMIT = 1000
ANSWER_LIMIT = 2000
_KEY = "finding.signature"


class DraftRefused(CaseError):
    """A draft that cannot be signed; `faults` maps a field to what is wrong with it (a key)."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = faults


class DraftChanged(CaseError):
    """What would be signed is not what was shown."""


class NothingToAnswer(CaseError):
    """There is no open question, or the answer has no words, or too many."""


@dataclass(frozen=True)
class Draft:
    """What a doctor means to sign: plain text, `next_step` a value of NextStep.

    within_days: for in_person, by when to be seen; for watch, after how many days to photograph it again (or None).
    """

    diagnosis: str
    advice: str
    next_step: str
    reason: str | None = None
    within_days: int | None = None
    amendment_reason: str | None = None

    @property
    def digest(self) -> str:
        """A name for exactly this content."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def agreement(diagnosis: str, opinion: CaseOpinion | None) -> Agreement:
    """Return how a diagnosis stands to the model's opinion (its class-balanced decision)."""
    if opinion is None or opinion.opinion["outcome"] == NOT_READABLE:
        return Agreement.NO_OPINION
    same = diagnoses.find(diagnosis).model_class == opinion.opinion["top"]
    return Agreement.CONFIRMED if same else Agreement.OVERRIDDEN


def save_draft(case_id: int, doctor_id: int, draft: Draft, *, complete: bool = True) -> FindingDraft:
    """Keep what a doctor has written: for a case in hand, or an amendment of a signed one.

    Raises `DraftRefused` unless it could be signed so (`complete`), `ReadFirst` before the reveal, `NotInHand`.
    """
    with transaction() as session:
        case = _open(case_id, doctor_id)
        _revealed(case, doctor_id)
        faults = _faults(draft, case) if complete else {}
        if faults:
            raise DraftRefused(faults)
        row = _draft_row(case_id, doctor_id)
        if row is None:
            row = FindingDraft(case_id=case_id, doctor_id=doctor_id, content={}, saved_at=clock.now())
            session.add(row)
        row.content, row.saved_at = asdict(draft), clock.now()
    return row


def draft_of(case_id: int, doctor_id: int) -> Draft | None:
    """Return what this doctor has written and not signed, None if nothing."""
    row = _draft_row(case_id, doctor_id)
    return None if row is None else Draft(**row.content)


def as_signed(case: Case) -> Draft:
    """Return the finding that holds as a draft, to be amended."""
    finding = latest(case.id)
    assert finding is not None
    return Draft(
        diagnosis=finding.diagnosis,
        advice=finding.advice,
        next_step=finding.next_step,
        reason=finding.reason,
        within_days=finding.within_days,
    )


def preview(case: Case, doctor: User, draft: Draft) -> Finding:
    """Return the finding that signing the draft now would make; it belongs to no session and is not stored."""
    standing = latest(case.id)
    finding = _write(case, _revealed(case, doctor.id), draft, standing, True)
    finding.doctor = doctor
    return finding


def patient_locale(case: Case) -> str:
    """Return the language in which the patient (or who sent the case for them) reads."""
    reader = case.patient.user or db.session.get(User, case.created_by_id)
    return reader.locale if reader is not None else "ko"


def _draft_row(case_id: int, doctor_id: int) -> FindingDraft | None:
    query = select(FindingDraft).where(FindingDraft.case_id == case_id, FindingDraft.doctor_id == doctor_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _open(case_id: int, doctor_id: int) -> Case:
    """Return the locked case if this doctor may sign or amend it."""
    case = fresh(Case, case_id)
    if case is None:
        raise NoSuchCase
    if case.doctor_id != doctor_id or case.state not in (CaseState.READING, CaseState.SIGNED):
        raise NotInHand
    if case.state == CaseState.READING and not may_be_read(case):
        raise NotInHand
    return case


def _revealed(case: Case, doctor_id: int) -> FirstRead:
    read = first_read_of(case.id, doctor_id)
    if read is None or read.revealed_at is None:
        raise ReadFirst
    return read


def _faults(draft: Draft, case: Case) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not diagnoses.known(draft.diagnosis):
        return {"diagnosis": "unknown"}
    overridden = agreement(draft.diagnosis, case.opinion) == Agreement.OVERRIDDEN
    _text(faults, "reason", draft.reason, REASON_LIMIT, needed=overridden)
    _text(faults, "advice", draft.advice, ADVICE_LIMIT, needed=True)
    _text(
        faults,
        "amendment_reason",
        draft.amendment_reason,
        REASON_LIMIT,
        needed=case.state == CaseState.SIGNED,
    )
    if draft.next_step not in set(NextStep):
        faults["next_step"] = "unknown"
    in_person = draft.next_step == NextStep.IN_PERSON
    if in_person and not (draft.within_days and 1 <= draft.within_days <= rules().within_days_limit):
        faults["within_days"] = "range"
    if not in_person and draft.within_days is not None:
        faults.update(_days_of_watching(draft))
    if not faults and case.state == CaseState.SIGNED and _says_the_same(draft, as_signed(case)):
        faults["advice"] = "unchanged"
    return faults


def _days_of_watching(draft: Draft) -> dict[str, str]:
    """Whoever is to watch may be told after how many days to photograph it again; nobody else has days."""
    if draft.next_step != NextStep.WATCH:
        return {"within_days": "not_here"}
    good = draft.within_days is not None and 1 <= draft.within_days <= rules().within_days_limit
    return {} if good else {"within_days": "range"}


def _says_the_same(draft: Draft, signed: Draft) -> bool:
    return replace(draft, amendment_reason=None) == signed


def _text(faults: dict[str, str], field: str, value: str | None, limit: int, *, needed: bool) -> None:
    if needed and not (value or "").strip():
        faults[field] = "missing"
    elif len(value or "") > limit:
        faults[field] = "too_long"


def sign(case_id: int, doctor_id: int, digest: str, *, before_consultation: bool = True) -> Finding:
    """Sign the draft named by `digest` as the case's next version; sent twice, it is signed once.

    Raises `DraftChanged` if the draft is not the one that was shown, `ReadFirst`, `NotInHand`.
    """
    with transaction() as session:
        case = _open(case_id, doctor_id)
        read = _revealed(case, doctor_id)
        row, standing = _draft_row(case_id, doctor_id), latest(case_id)
        if row is None and standing is not None:
            return standing
        if row is None or not hmac.compare_digest(Draft(**row.content).digest, digest):
            raise DraftChanged
        draft = Draft(**row.content)
        faults = _faults(draft, case)
        if faults:
            raise DraftRefused(faults)
        finding = _write(case, read, draft, standing, before_consultation)
        session.add(finding)
        session.delete(row)
        if standing is None:
            case.state, case.signed_at = CaseState.SIGNED, finding.signed_at
        session.flush()
        kind = "finding.amended" if standing else "finding.signed"
        audit.record(kind, f"finding:{finding.public_id}", patient_id=case.patient_id)
        events.publish(kind, case.topic, case=case.public_id, finding=finding.public_id)
    db.session.refresh(case, ["findings"])
    return finding


def _write(
    case: Case, read: FirstRead, draft: Draft, standing: Finding | None, before_consultation: bool
) -> Finding:
    held = agreement(draft.diagnosis, case.opinion)
    version, moment = standing.version + 1 if standing else 1, clock.now()
    finding = Finding(
        public_id=random_id(),
        case_id=case.id,
        version=version,
        doctor_id=case.doctor_id,
        first_read_id=read.id,
        before_consultation=before_consultation,
        diagnosis=draft.diagnosis,
        agreement=held,
        reason=(draft.reason or "").strip() or None,
        advice=draft.advice.strip(),
        next_step=NextStep(draft.next_step),
        within_days=draft.within_days,
        see_by=_see_by(draft, standing, moment),
        amendment_reason=(draft.amendment_reason or "").strip() or None if version > 1 else None,
        signed_at=moment,
    )
    finding.signature = signature_of(finding)
    return finding


def _see_by(draft: Draft, standing: Finding | None, moment: datetime) -> datetime | None:
    """Return by when to be seen in person. Whoever mends a word does not thereby give the patient more time."""
    if draft.next_step != NextStep.IN_PERSON or draft.within_days is None:
        return None
    if standing is not None and (standing.next_step, standing.within_days) == (
        draft.next_step,
        draft.within_days,
    ):
        return standing.see_by
    return moment + timedelta(days=draft.within_days)


def latest(case_id: int) -> Finding | None:
    """Return the finding that holds, None before the first signature."""
    query = select(Finding).where(Finding.case_id == case_id).order_by(Finding.version.desc())
    return db.session.scalar(query.limit(1))


def signature_of(finding: Finding) -> str:
    """Return the HMAC-SHA-256 (hex) over every field of a finding but its row number and the signature."""
    fields: Mapping[str, Any] = {
        "public_id": finding.public_id,
        "case_id": finding.case_id,
        "version": finding.version,
        "doctor_id": finding.doctor_id,
        "first_read_id": finding.first_read_id,
        "before_consultation": bool(finding.before_consultation),
        "diagnosis": finding.diagnosis,
        "agreement": str(finding.agreement),
        "reason": finding.reason,
        "advice": finding.advice,
        "next_step": str(finding.next_step),
        "within_days": finding.within_days,
        "see_by": _stamp(finding.see_by) if finding.see_by else None,
        "amendment_reason": finding.amendment_reason,
        "signed_at": _stamp(finding.signed_at),
    }
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hmac.new(keyring().derive(_KEY), text.encode(), hashlib.sha256).hexdigest()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def is_genuine(finding: Finding) -> bool:
    """True if the finding is as it was signed. A finding that is not is recorded in the audit log."""
    if hmac.compare_digest(finding.signature, signature_of(finding)):
        return True
    audit.record(
        "finding.signature_wrong",
        f"finding:{finding.public_id}",
        patient_id=db.session.scalar(select(Case.patient_id).where(Case.id == finding.case_id)),
        outcome=Outcome.FAILED,
    )
    return False


def answer(case_id: int, doctor_id: int, text: str) -> Question:
    """Answer the patient's one question, once. Raises `NothingToAnswer`, `NotInHand`, `CaseClosed`."""
    words = text.strip()
    with transaction():
        case = _open(case_id, doctor_id)
        if case.state != CaseState.SIGNED:
            raise CaseClosed(case.state)
        question = db.session.scalar(select(Question).where(Question.case_id == case_id))
        if question is None or not words or len(words) > ANSWER_LIMIT:
            raise NothingToAnswer
        if question.answered_at is not None:
            return question
        question.answer, question.answered_by_id, question.answered_at = words, doctor_id, clock.now()
        events.publish("case.question_answered", case.topic, case=case.public_id)
        audit.record("question.answered", case.topic, patient_id=case.patient_id)
    return question
