"""What this room holds of one person: shown, erased, kept for the time of the law, let go after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import holdings, keeping
from app.accounts.holdings import File, Holding, Kept
from app.accounts.models import Departure, Patient, User
from app.accounts.own_data import stamp
from app.audit import service as audit
from app.cases import body_sites, diagnoses, photos, policy, questions, signing, uploads
from app.cases.models import (
    Case,
    CaseOpinion,
    CaseState,
    ExpiredCase,
    Finding,
    FirstRead,
    Lesion,
    Photo,
    Prediction,
    Question,
)
from app.cases.opinion import ranked
from app.cases.reading_models import FindingDraft, HandedBack
from app.cases.service import take_back
from app.cases.shadow_models import ShadowOpinion
from app.cases.upload_models import Upload, UploadChunk
from app.extensions import db
from app.infra import events
from app.infra.database import fresh, transaction

FINDING = "finding"
TABLES = (
    *(Lesion, Case, Photo, Upload, UploadChunk, Prediction, CaseOpinion, FirstRead, FindingDraft, Finding),
    *(Question, HandedBack, ExpiredCase, ShadowOpinion),
)
OF_A_CASE = (HandedBack, FindingDraft, Question, Finding, FirstRead, CaseOpinion, ShadowOpinion)


def register() -> None:
    """Make this part known."""
    holdings.register(Holding("cases", shown, erase, files, TABLES, kept, let_go))


def _cases(user: User, patient: Patient) -> list[Case]:
    query = policy.visible_cases(user).where(Case.patient_id == patient.id).order_by(Case.id)
    return list(db.session.scalars(query))


def _photos(user: User, patient: Patient) -> list[Photo]:
    query = policy.visible_photos(user).where(Case.patient_id == patient.id).order_by(Photo.id)
    return list(db.session.scalars(query))


def _file_name(photo: Photo) -> str:
    return f"photos/{photo.case.public_id}/{photo.public_id}.jpg"


def files(user: User, patient: Patient) -> Iterable[File]:
    """Yield the photos as they are stored."""
    for photo in _photos(user, patient):
        if photo.object.wrapped_key is not None:
            yield File(_file_name(photo), photo.object)


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return what this user may see of the cases: never a doctor's reading before they signed."""
    seen: dict[int, list[Photo]] = {}
    for photo in _photos(user, patient):
        seen.setdefault(photo.case_id, []).append(photo)
    return {
        "cases": [_case(user, case, seen.get(case.id, [])) for case in _cases(user, patient)],
        "spots": [_spot(user, lesion) for lesion in _lesions(patient.id)],
    }


def _lesions(patient_id: int) -> list[Lesion]:
    query = select(Lesion).where(Lesion.patient_id == patient_id).order_by(Lesion.id)
    return list(db.session.scalars(query))


def _spot(user: User, lesion: Lesion) -> dict[str, Any]:
    day = lesion.photograph_again_on
    return {
        "id": lesion.public_id,
        "body_site": _site(lesion),
        "name": lesion.label,
        "since": stamp(lesion.created_at),
        "photograph_again_on": day.isoformat() if day is not None else None,
        "day_chosen_at": stamp(lesion.watch_set_at),
        "day_chosen_by_me": lesion.watch_set_by_id == user.id,
    }


def _site(lesion: Lesion | None) -> dict[str, str] | None:
    site = body_sites.find(lesion.body_site if lesion else None)
    return {"key": site.key, "name": site.name} if site else None


def _on_its_way(user: User, case: Case) -> list[dict[str, Any]]:
    query = policy.visible_uploads(user).where(Upload.case_id == case.id).order_by(Upload.id)
    return [
        {
            "begun_at": stamp(upload.created_at),
            "state": str(upload.state),
            "view": str(upload.view) if upload.view is not None else None,
            "bytes": upload.length,
            "bytes_here": upload.received,
        }
        for upload in db.session.scalars(query)
    ]


def _case(user: User, case: Case, seen: list[Photo]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": case.public_id,
        "state": str(case.state),
        "begun_at": stamp(case.created_at),
        "sent_at": stamp(case.submitted_at),
        "analysed_at": stamp(case.analysed_at),
        "withdrawn_at": stamp(case.withdrawn_at),
        "signed_at": stamp(case.signed_at),
        "spot": case.lesion.public_id if case.lesion is not None else None,
        "body_site": _site(case.lesion),
        "what_changed": case.note or None,
        "by_me": case.created_by_id == user.id,
        "answers": case.answers,
        "answers_in_words": [{"question": asked, "answer": said} for asked, said in _in_words(case)],
        "photos": [
            {
                "file": _file_name(photo) if photo.object.wrapped_key is not None else None,
                "taken_in_at": stamp(photo.created_at),
                "view": str(photo.view) if photo.view is not None else None,
                "width": photo.width,
                "height": photo.height,
                "quality": photo.quality,
            }
            for photo in seen
        ],
        "photos_on_their_way": _on_its_way(user, case),
        "findings": [_finding(finding) for finding in case.findings],
        "question": _question(case.question),
    }
    if policy.can_see_opinion(user, case) and case.opinion is not None:
        found["machine_opinion"] = {
            "model": f"{case.opinion.model_name} {case.opinion.model_version}",
            "outcome": case.opinion.opinion["outcome"],
            "used_beside_photos": list(case.opinion.opinion.get("known", ())),
            "most_likely": [
                {"key": key, "name": diagnoses.find(key).name, "probability": value}
                for key, value in ranked(case.opinion.opinion)
            ],
        }
    return found


def _in_words(case: Case) -> list[tuple[str, str]]:
    return questions.in_words(case.answers)


def _finding(finding: Finding) -> dict[str, Any]:
    name = diagnoses.find(finding.diagnosis)
    return {
        "id": finding.public_id,
        "version": finding.version,
        "doctor": finding.doctor.name,
        "before_consultation": finding.before_consultation,
        "diagnosis": {"key": name.key, "name": name.name, "meaning": name.plain},
        "advice": finding.advice,
        "reason": finding.reason,
        "next_step": str(finding.next_step),
        "see_by": stamp(finding.see_by),
        "amendment_reason": finding.amendment_reason,
        "signed_at": stamp(finding.signed_at),
        "signature": finding.signature,
        "signature_holds": signing.is_genuine(finding),
    }


def _question(question: Question | None) -> dict[str, Any] | None:
    if question is None:
        return None
    return {
        "text": question.text,
        "asked_at": stamp(question.asked_at),
        "answer": question.answer,
        "answered_at": stamp(question.answered_at),
    }


def kept(patient_id: int) -> list[Kept]:
    """Return what doctors have written about this patient, and until when each stays."""
    query = select(Case).where(Case.patient_id == patient_id).order_by(Case.id)
    written = [(case, _written_at(case)) for case in db.session.scalars(query)]
    return [Kept(FINDING, since, _until(case, since)) for case, since in written if since is not None]


def _written_at(case: Case) -> datetime | None:
    """When a doctor last wrote something that must be kept with what it was about; None if none did."""
    if case.state == CaseState.DRAFT:
        return None
    if case.findings:
        return case.findings[-1].signed_at
    return case.first_reads[-1].created_at if case.first_reads else None


def _until(case: Case, since: datetime) -> datetime:
    return case.kept_until or keeping.kept_until(FINDING, since)


def erase(departure: Departure) -> None:
    """Destroy what no doctor has read, with the photos' keys, and restrict the rest: one case at a time."""
    patient_id = departure.patient_id
    query = select(Case.id).where(Case.patient_id == patient_id, Case.state != CaseState.RESTRICTED)
    for case_id in db.session.scalars(query.order_by(Case.id)).all():
        with transaction() as session:
            case = fresh(Case, case_id)
            if case is not None and case.state != CaseState.RESTRICTED:
                _erase_or_restrict(session, case)
    _forget_lesions(patient_id)


def _erase_or_restrict(session: Session, case: Case) -> None:
    if case.state in policy.UNDER_WAY:
        take_back(case)
        session.flush()
    uploads.drop_all(case)
    session.execute(delete(FindingDraft).where(FindingDraft.case_id == case.id))
    session.execute(delete(ShadowOpinion).where(ShadowOpinion.case_id == case.id))
    since = _written_at(case)
    if since is not None:
        case.state, case.kept_until = CaseState.RESTRICTED, keeping.kept_until(FINDING, since)
        audit.record("case.restricted", case.topic, patient_id=case.patient_id)
        return
    emptied = case.answers is None and case.lesion_id is None and case.note is None and not case.opinions
    if not emptied or any(photo.object.wrapped_key is not None for photo in case.photos):
        _empty(session, case)
        case.lesion_id = None
        audit.record("case.erased", case.topic, patient_id=case.patient_id)


def _empty(session: Session, case: Case) -> None:
    """Leave nothing of a case but its number and dates: others refer to it."""
    for photo in case.photos:
        photos.erase(photo)
        photo.quality = photo.view = None
    session.flush()
    mine = select(Photo.id).where(Photo.case_id == case.id)
    session.execute(delete(Prediction).where(Prediction.photo_id.in_(mine)))
    for model in OF_A_CASE:
        session.execute(delete(model).where(model.case_id == case.id))
    case.answers, case.note, case.urgent, case.doctor_id = None, None, None, None
    session.flush()


def _forget_lesions(patient_id: int) -> None:
    """Leave of a lesion only the place, for the records that are kept; without records nothing.

    A lesion may be shared by cases that go and cases that stay, so it is looked at once all of them are done.
    """
    for lesion_id in [lesion.id for lesion in _lesions(patient_id)]:
        with transaction() as session:
            lesion = fresh(Lesion, lesion_id)
            if lesion is not None:
                _forget_lesion(session, lesion)


def _forget_lesion(session: Session, lesion: Lesion) -> None:
    # What the patient called it and when they wanted to be reminded is no part of a record.
    if lesion.photograph_again_on is not None:
        events.publish("lesion.watch_set", lesion.topic, on=None)
    lesion.label = lesion.photograph_again_on = lesion.watch_set_by_id = lesion.watch_set_at = None
    about = select(Case.id).where(Case.lesion_id == lesion.id).limit(1)
    is_kept = (Case.state != CaseState.RESTRICTED) | Case.kept_until.is_not(None)
    if session.scalar(about) is None:
        session.delete(lesion)
    elif session.scalar(about.where(is_kept)) is None:
        lesion.body_site = ""


def let_go(patient_id: int, now: datetime) -> None:
    """Erase the restricted cases of a patient whose legal period is over; findings go, with the key to them."""
    over = (Case.state == CaseState.RESTRICTED) & (Case.kept_until <= now)
    query = select(Case.id).where(Case.patient_id == patient_id, over).order_by(Case.id)
    for case_id in db.session.scalars(query).all():
        with transaction() as session:
            case = fresh(Case, case_id)
            if case is None or case.kept_until is None or case.kept_until > now:
                continue
            session.add(ExpiredCase(case_id=case.id))
            session.flush()
            _empty(session, case)
            session.execute(delete(ExpiredCase).where(ExpiredCase.case_id == case.id))
            case.kept_until = None
            audit.record("case.let_go", case.topic, patient_id=case.patient_id)
    _forget_lesions(patient_id)
