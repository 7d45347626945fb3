"""What becomes of a case once the model has spoken, or could not: opinion, band, place in the queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from app.accounts import service as accounts
from app.accounts.models import ConsentKind
from app.audit import service as audit
from app.audit.models import Outcome
from app.cases import triage
from app.cases.models import Case, CaseOpinion, CaseState, Photo, PhotoView, Prediction
from app.cases.opinion import Combined, Pool, Thresholds, combine
from app.cases.shadow_models import ShadowOpinion
from app.extensions import db
from app.infra import clock, events, storage
from app.infra.database import fresh

PNG = "image/png"


@dataclass(frozen=True)
class Model:
    """Which model spoke: name, version, sha256 of its file, its thresholds and its measured urgent share.

    pool: how it reads several photos together.
    """

    name: str
    version: str
    sha256: str
    thresholds: Thresholds
    pool: Pool
    urgent_share: dict[str, Any] | None


@dataclass(frozen=True)
class PhotoOpinion:
    """What the model said of one photo: JSON, latency by stage in milliseconds, heatmap as PNG."""

    photo_id: int
    opinion: dict[str, Any]
    milliseconds: dict[str, float]
    heatmap: bytes

    @property
    def whole_time(self) -> float:
        """Milliseconds from the encrypted photo to the drawn heatmap; `total` is the model's part of it."""
        return sum(self.milliseconds[stage] for stage in ("read", "total", "draw"))


@dataclass(frozen=True)
class LeftOut:
    """A photo that the model could not look at: its public id, and why (no personal data)."""

    photo: str
    reason: str


def awaits_analysis(case: Case | None) -> bool:
    """True while an analysis is of use, and allowed: before the queue, or in it after one that failed."""
    if case is None or case.without_ai_since is not None:
        return False
    if not accounts.has_consent(ConsentKind.HEALTH_DATA, case.patient_id):
        return False
    return case.state == CaseState.SUBMITTED or (case.state == CaseState.WAITING and case.analysis_failed)


def is_read(view: PhotoView | None, taken: Collection[PhotoView | None]) -> bool:
    """True if the model reads a photo of this view, in a case with photos of the views `taken`.

    It was trained on close-ups. What its sender calls an overview takes no part while there is another photo.
    """
    return view != PhotoView.OVERVIEW or all(other == PhotoView.OVERVIEW for other in taken)


def views_of(case_id: int) -> list[PhotoView | None]:
    """Return from how far each photo of a case was taken, as its sender said."""
    return list(db.session.scalars(select(Photo.view).where(Photo.case_id == case_id).order_by(Photo.id)))


def store(
    case_id: int, model: Model, spoken: Sequence[PhotoOpinion], left_out: Sequence[LeftOut] = ()
) -> None:
    """Keep what the model said and put the case into the queue, in the transaction in progress.

    What it could not look at is recorded, for the operator, as an analysis of that photo that failed.
    Of two runs of the same analysis the second changes nothing. If the AI notice was taken back meanwhile,
    nothing of what the model said is kept.
    """
    case = fresh(Case, case_id)
    if case is None or not awaits_analysis(case):
        return
    if not accounts.has_consent(ConsentKind.AI_NOTICE, case.patient_id):
        leave_out(case)
        return
    for said in spoken:
        _keep(said, model)
    for missing in left_out:
        about = f"photo:{missing.photo}"
        audit.record("photo.analyse", about, patient_id=case.patient_id, outcome=Outcome.FAILED)
    db.session.flush()
    combined = combine(_said_by(model, case.id), model.thresholds, model.pool)
    case.opinions.append(
        CaseOpinion(
            model_name=model.name,
            model_version=model.version,
            model_sha256=model.sha256,
            opinion=combined.to_json(),
            urgent_share=model.urgent_share,
            created_at=clock.now(),
        )
    )
    _queue(case, combined)


def _keep(said: PhotoOpinion, model: Model) -> None:
    known = select(Prediction.id).where(
        Prediction.photo_id == said.photo_id, Prediction.model_sha256 == model.sha256
    )
    if db.session.scalar(known) is not None:
        return
    db.session.add(
        Prediction(
            photo_id=said.photo_id,
            model_name=model.name,
            model_version=model.version,
            model_sha256=model.sha256,
            opinion=said.opinion,
            milliseconds=said.milliseconds,
            heatmap=storage.put(said.heatmap, PNG),
            created_at=clock.now(),
        )
    )


def _said_by(model: Model, case_id: int) -> list[dict[str, Any]]:
    query = (
        select(Prediction)
        .join(Prediction.photo)
        .where(Photo.case_id == case_id, Prediction.model_sha256 == model.sha256)
        .order_by(Photo.id)
    )
    return [prediction.opinion for prediction in db.session.scalars(query)]


def give_up(case_id: int) -> None:
    """Pass a case on without the model's opinion, in the transaction that marks its job as failed."""
    case = fresh(Case, case_id)
    if case is None or case.state != CaseState.SUBMITTED:
        return
    _queue(case, None)


def leave_out(case: Case) -> None:
    """Go on without the model, in the transaction in progress: the patient of the locked case wants it no more.

    A case that was not analysed yet joins the queue as it is. What was said already stays on record, and
    nobody is shown it; an urgent notice that was given, and the place in the queue, stay.
    """
    if case.without_ai_since is not None:
        return
    case.without_ai_since = clock.now()
    db.session.execute(delete(ShadowOpinion).where(ShadowOpinion.case_id == case.id))
    audit.record("case.without_ai", case.topic, patient_id=case.patient_id)
    if case.state == CaseState.SUBMITTED:
        _queue(case, None)


def leave_out_by_id(case_id: int) -> None:
    """Do what `leave_out` does if the case still awaits its analysis (an effect)."""
    case = fresh(Case, case_id)
    if case is not None and awaits_analysis(case):
        leave_out(case)


def _queue(case: Case, combined: Combined | None) -> None:
    moment = clock.now()
    already = case.urgent
    case.band = triage.band(
        case.answers, case.submitted_at or moment, moment, model_soon=combined is not None and combined.soon
    )
    case.urgent = triage.urgent_reason(case.answers, model=combined is not None and combined.urgent)
    case.analysis_failed, case.analysed_at = combined is None, moment
    case.state = CaseState.WAITING
    events.publish("case.analysed", case.topic, case=case.public_id)
    if case.urgent and not already:
        events.publish("case.urgent", case.topic, case=case.public_id)
    audit.record("case.analyse", case.topic, patient_id=case.patient_id)
