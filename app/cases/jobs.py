"""What the worker does for this room: the model looks at the photos; what is late, left behind or taken back is seen to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from flask import current_app
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import ConsentKind
from app.cases import analysis, consents, context, forgetting, lateness, own_data, shadow, uploads
from app.cases.models import Case, Photo
from app.cases.opinion import Pooled, Thresholds
from app.extensions import db
from app.infra import events, jobs, storage

if TYPE_CHECKING:
    from vision.context import Known
    from vision.predict import Predictor

log = structlog.get_logger(__name__)

CONSENT_WITHDRAWN = "cases.consent_withdrawn"
_loading = threading.Lock()
_predictors: dict[str, Predictor] = {}


def predictor(name: str = "") -> Predictor:
    """Return a model of this process, loaded on the first call: the one in use, or one by its name or folder."""
    with _loading:
        if name not in _predictors:
            from vision.predict import Predictor

            threads = current_app.extensions["salpim.settings"].inference_threads
            _predictors[name] = Predictor.load(name or None, threads=threads)
        return _predictors[name]


def on_trial() -> str:
    """Return the name or folder of the model that reads beside the one in use; empty where none does."""
    return str(current_app.extensions["salpim.settings"].shadow_model)


def describe(model: Predictor) -> analysis.Model:
    """Return what has to be kept about a model beside what it says, and how it reads several photos together."""
    return analysis.Model(
        name=model.model.name,
        version=model.model.version,
        sha256=model.model.sha256,
        thresholds=Thresholds(model.config.risk_threshold, model.config.urgent_threshold),
        pool=partial(pooled_by, model),
        urgent_share=measured_urgent_share(model.model.name),
    )


def pooled_by(model: Predictor, opinions: Sequence[Mapping[str, Any]]) -> Pooled:
    """Return what a model says of several photos together, by what it said of each."""
    from vision.classes import KEYS, RISKY

    probability, shares = model.pooled(
        [said["probabilities"] for said in opinions], [said.get("clinical", 0.5) for said in opinions]
    )
    by_class = dict(zip(KEYS, probability.tolist(), strict=True))
    risk = sum(value for value, risky in zip(by_class.values(), RISKY, strict=True) if risky)
    return Pooled(by_class, KEYS[int(shares.argmax())], risk)


def measured_urgent_share(name: str) -> dict[str, Any] | None:
    """Return the share of urgent notices that proved right when measured, None if it was not measured.

    Measured on single photos (close-ups and smartphones of the test split); right: malignant or premalignant.
    share, low and high (95 % interval): 0..1; count: how many notices the share rests on.
    """
    from vision.registry import ModelError, folder_of

    try:
        metrics = json.loads((folder_of(name) / "metrics.json").read_text(encoding="utf-8"))
        measured = metrics["urgent_notice"]
        share, (low, high) = measured["ppv"], measured["ppv_interval"] or (None, None)
    except (OSError, KeyError, TypeError, ValueError, ModelError):  # one given by its folder has no such name
        return None
    if share is None:
        return None
    return {"share": share, "low": low, "high": high, "count": measured.get("notices")}


@jobs.handler("analyse_case", on_failure=analysis.give_up)
def analyse_case(run: jobs.Run, case_id: int) -> jobs.Effect | None:
    """Let the model look at every photo of a case that it has not seen; then the case joins the queue.

    It knows lesions from close by: photos taken from afar are for the doctor (`analysis.is_read`). A photo
    that is lost or cannot be read is left out; only if nothing could be seen is there no opinion.
    """
    from vision.registry import ModelError

    case = db.session.get(Case, case_id, populate_existing=True)
    if case is None or not analysis.awaits_analysis(case):
        return None
    if not accounts.has_consent(ConsentKind.AI_NOTICE, case.patient_id):
        return lambda: analysis.leave_out_by_id(case_id)
    try:
        model = predictor()
    except ModelError as error:
        raise jobs.PermanentFailure(f"{type(error).__name__}: {error}") from error
    about = describe(model)
    spoken: list[analysis.PhotoOpinion] = []
    left_out: list[analysis.LeftOut] = []
    taken, known = analysis.views_of(case_id), known_of(case)
    for photo in db.session.scalars(_unseen(case_id, about.sha256)):
        if not analysis.is_read(photo.view, taken):
            continue
        said = _look_or_leave(model, photo, known)
        if isinstance(said, analysis.LeftOut):
            left_out.append(said)
        else:
            spoken.append(said)
        run.keep_alive()
    if left_out and not spoken:
        raise jobs.PermanentFailure("; ".join(dict.fromkeys(photo.reason for photo in left_out)))

    def effect() -> None:
        analysis.store(case_id, about, spoken, left_out)
        shadow.ask(case_id, on_trial())

    return effect


@jobs.handler(shadow.JOB)
def read_in_shadow(run: jobs.Run, case_id: int) -> jobs.Effect | None:
    """Let the model on trial look at the photos that the one in use has read."""
    from vision.registry import ModelError

    case = db.session.get(Case, case_id, populate_existing=True)
    if case is None or not on_trial() or not shadow.may_be_read(case):
        return None
    try:
        model = predictor(on_trial())
    except ModelError as error:
        raise jobs.PermanentFailure(f"{type(error).__name__}: {error}") from error
    about = describe(model)
    taken, known = analysis.views_of(case_id), known_of(case)
    said: list[analysis.PhotoOpinion] = []
    for photo in db.session.scalars(select(Photo).where(Photo.case_id == case_id).order_by(Photo.id)):
        if not analysis.is_read(photo.view, taken):
            continue
        one = _look_or_leave(model, photo, known)
        if isinstance(one, analysis.PhotoOpinion):
            said.append(one)
        run.keep_alive()
    if not said:
        return None
    taken_ms = sum(one.whole_time for one in said)
    return lambda: shadow.store(case_id, about, [one.opinion for one in said], taken_ms)


def known_of(case: Case) -> Known:
    """Return what of the patient's answers a model reads beside the photos."""
    from vision.context import Known

    return Known(**vars(context.told(case)))


def _unseen(case_id: int, sha256: str) -> Any:
    seen = Photo.predictions.any(model_sha256=sha256)
    return select(Photo).where(Photo.case_id == case_id, ~seen).order_by(Photo.id)


def _look_or_leave(model: Predictor, photo: Photo, known: Known) -> analysis.PhotoOpinion | analysis.LeftOut:
    from vision.images import UnreadableImage

    try:
        return _look(model, photo, known)
    except UnreadableImage as error:
        reason = f"UnreadableImage: {error}"
    except storage.ObjectLost as error:
        reason = f"photo lost: {error}"
    log.warning("analysis.photo_left_out", photo=photo.public_id, reason=reason)
    return analysis.LeftOut(photo.public_id, reason)


def _look(model: Predictor, photo: Photo, known: Known) -> analysis.PhotoOpinion:
    start = time.perf_counter()
    jpeg = storage.get(photo.object)
    read = time.perf_counter()
    prediction = model.predict(jpeg, known)
    predicted = time.perf_counter()
    heatmap = prediction.heatmap_png((photo.width, photo.height))
    drawn = time.perf_counter()
    stages = {"read": (read - start) * 1e3, **prediction.milliseconds, "draw": (drawn - predicted) * 1e3}
    return analysis.PhotoOpinion(
        photo_id=photo.id,
        opinion=prediction.to_json(),
        milliseconds={stage: round(value, 2) for stage, value in stages.items()},
        heatmap=heatmap,
    )


own_data.register()


@jobs.handler(CONSENT_WITHDRAWN)
def consent_withdrawn(run: jobs.Run, *, event_id: int) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Take back the cases that rested on the consent, or let them go on without the model."""
    return lambda: consents.follow_withdrawal(event_id)


events.subscribe(consents.WITHDRAWN, CONSENT_WITHDRAWN)


@jobs.handler(lateness.PASS_ON)
def pass_on(run: jobs.Run, case_id: int) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Give a case to the doctors if it still waits for the model."""

    def effect() -> None:
        lateness.pass_on(case_id)

    return effect


@jobs.handler(lateness.OVERDUE)
def overdue(run: jobs.Run, case_id: int) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Say that a case is late if no doctor has signed by now."""
    return lambda: lateness.tell_overdue(case_id)


@jobs.handler(forgetting.FORGET_DRAFTS, every=forgetting.EVERY)
def forget_drafts(run: jobs.Run) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Erase the drafts that nobody has touched for too long."""

    def effect() -> None:
        forgetting.forget_drafts()

    return effect


@jobs.handler(forgetting.FORGET_UPLOADS, every=forgetting.EVERY)
def forget_uploads(run: jobs.Run) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Erase the uploads that broke off and were not continued."""

    def effect() -> None:
        uploads.forget()

    return effect
