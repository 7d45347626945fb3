"""What becomes of a case once the model has spoken, or could not: opinion, band, place in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.audit import service as audit
from app.cases import triage
from app.cases.models import Case, CaseOpinion, CaseState, Photo, Prediction
from app.cases.opinion import Combined, Thresholds, combine
from app.extensions import db
from app.infra import clock, events, storage
from app.infra.database import fresh

PNG = "image/png"


@dataclass(frozen=True)
class Model:
    """Which model spoke: name, version, sha256 of its file, its thresholds and its measured urgent share."""

    name: str
    version: str
    sha256: str
    thresholds: Thresholds
    urgent_share: dict[str, Any] | None


@dataclass(frozen=True)
class PhotoOpinion:
    """What the model said of one photo: JSON, latency by stage in milliseconds, heatmap as PNG."""

    photo_id: int
    opinion: dict[str, Any]
    milliseconds: dict[str, float]
    heatmap: bytes


def awaits_analysis(case: Case | None) -> bool:
    """True while an analysis is of use: before the queue, or in it after one that failed."""
    if case is None:
        return False
    return case.state == CaseState.SUBMITTED or (case.state == CaseState.WAITING and case.analysis_failed)


def store(case_id: int, model: Model, spoken: Sequence[PhotoOpinion]) -> None:
    """Keep what the model said and put the case into the queue, in the transaction in progress.

    Of two runs of the same analysis the second changes nothing.
    """
    case = fresh(Case, case_id)
    if case is None or not awaits_analysis(case):
        return
    for said in spoken:
        _keep(said, model)
    db.session.flush()
    combined = combine(_said_by(model, case.id), model.thresholds)
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
