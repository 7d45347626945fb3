"""What a doctor's pages show: the opinion after the reveal, earlier findings, signed cases, open questions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import User
from app.audit import service as audit
from app.cases import analysis, reading_policy
from app.cases.models import Case, CaseOpinion, CaseState, Finding, Photo, Prediction, Question
from app.cases.policy import OF_NOBODY_ERASED
from app.cases.reading import may_be_read
from app.cases.reading_models import HandedBack
from app.cases.reading_rules import rules
from app.extensions import db
from app.infra import storage

PER_PAGE = 20


@dataclass(frozen=True)
class Revealed:
    """The model's opinion of a case and of each photo, once it may be seen (None: it failed, or is not wanted).

    aside: the photos that the model was not asked about, because they were taken from afar.
    """

    opinion: CaseOpinion | None
    by_photo: dict[int, Prediction]
    aside: frozenset[int] = frozenset()


@dataclass(frozen=True)
class SignedPage:
    """Some signed cases, the latest first; pages count from 1."""

    cases: list[Case]
    page: int
    pages: int


def revealed(user: User, case: Case) -> Revealed | None:
    """Return the model's opinion if this doctor has read the case alone and asked for it, else None."""
    if db.session.scalar(reading_policy.revealed_cases(user).where(Case.id == case.id)) is None:
        return None
    opinion = case.opinion
    audit.record("prediction.read", case.topic, patient_id=case.patient_id)
    if opinion is None:
        return Revealed(None, {})
    query = reading_policy.revealed_predictions(user).where(
        Photo.case_id == case.id, Prediction.model_sha256 == opinion.model_sha256
    )
    views = [photo.view for photo in case.photos]
    aside = frozenset(photo.id for photo in case.photos if not analysis.is_read(photo.view, views))
    return Revealed(opinion, {p.photo_id: p for p in db.session.scalars(query)}, aside)


def earlier(user: User, case: Case) -> list[Finding]:
    """Return the findings that hold about the same patient's other cases, the latest first."""
    query = reading_policy.earlier_findings(user, case).options(
        joinedload(Finding.case).joinedload(Case.lesion), joinedload(Finding.doctor)
    )
    latest: dict[int, Finding] = {}
    for finding in db.session.scalars(query.order_by(Finding.case_id, Finding.version)):
        latest[finding.case_id] = finding
    found = sorted(latest.values(), key=lambda f: f.signed_at, reverse=True)[: rules().earlier_shown]
    audit.record_each("finding.read", [(f"finding:{f.public_id}", case.patient_id) for f in found])
    return found


def earlier_photos(user: User, case: Case) -> list[Photo]:
    """Return the photos of the same lesion from before, the latest first."""
    query = reading_policy.earlier_photos(user, case).options(joinedload(Photo.case))
    order = (Case.submitted_at.desc(), Photo.id)
    return list(db.session.scalars(query.order_by(*order).limit(rules().earlier_shown)))


def findings_of(case: Case) -> list[Finding]:
    """Return every version of a case's finding, the first one first; the reading is recorded."""
    query = select(Finding).where(Finding.case_id == case.id).options(joinedload(Finding.doctor))
    found = list(db.session.scalars(query.order_by(Finding.version)))
    if found:
        audit.record("finding.read", f"finding:{found[-1].public_id}", patient_id=case.patient_id)
    return found


def signed_cases(doctor_id: int, page: int = 1) -> SignedPage:
    """Return the cases that a doctor has signed; the reading of each one's last finding is recorded."""
    mine = (Case.doctor_id == doctor_id) & (Case.state == CaseState.SIGNED) & OF_NOBODY_ERASED
    count = db.session.scalar(select(func.count()).select_from(Case).where(mine)) or 0
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(1, page), pages)
    query = (
        select(Case)
        .where(mine)
        .options(selectinload(Case.findings), joinedload(Case.lesion), selectinload(Case.question))
        .order_by(Case.signed_at.desc(), Case.id.desc())
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    cases = list(db.session.scalars(query))
    shown = [(f"finding:{case.findings[-1].public_id}", case.patient_id) for case in cases]
    audit.record_each("finding.read", shown)
    return SignedPage(cases, page, pages)


def open_questions(doctor_id: int) -> list[Question]:
    """Return the questions about a doctor's findings that wait for an answer, the oldest first."""
    query = (
        select(Question)
        .join(Question.case)
        .where(Case.doctor_id == doctor_id, Case.state == CaseState.SIGNED, OF_NOBODY_ERASED)
        .where(Question.answered_at.is_(None))
        .options(joinedload(Question.case).joinedload(Case.lesion))
        .order_by(Question.asked_at)
    )
    return list(db.session.scalars(query))


def heatmap_bytes(prediction: Prediction) -> bytes:
    """Return where the model looked, as PNG, and record who read it. Raises `storage.ObjectLost`."""
    assert prediction.heatmap is not None
    photo = prediction.photo
    audit.record("heatmap.read", f"photo:{photo.public_id}", patient_id=photo.case.patient_id)
    return storage.get(prediction.heatmap)


def why_gone(public_id: str, doctor_id: int) -> str | None:
    """Return why a case that was in this doctor's hand is there no more: withdrawn, returned; None otherwise."""
    case = db.session.scalar(select(Case).where(Case.public_id == public_id))
    if case is None:
        return None
    if case.doctor_id == doctor_id:
        no_longer = case.state == CaseState.READING and not may_be_read(case)
        return "withdrawn" if no_longer or case.state == CaseState.WITHDRAWN else None
    given_back = select(HandedBack.id).where(HandedBack.case_id == case.id, HandedBack.doctor_id == doctor_id)
    return "returned" if db.session.scalar(given_back.limit(1)) is not None else None
