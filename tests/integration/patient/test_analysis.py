"""The worker's part: every photo looked at once, the case in the queue exactly once, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from app.accounts.models import Consent
from app.audit.models import AuditEntry, Outcome
from app.cases import jobs as case_jobs
from app.cases import service
from app.cases.models import Band, Case, CaseState, Photo, PhotoView, Prediction, UrgentReason
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra import jobs, storage
from app.infra.database import transaction
from app.infra.events import Event
from tests.factories.cases import RED_FLAGS, WORRYING, create_case, create_photo, create_sender
from vision.classes import KEYS
from vision.registry import ModelError


def _kinds(case: Case) -> list[str]:
    query = database.select(Event.kind).where(Event.topic == case.topic).order_by(Event.id)
    return list(database.session.scalars(query))


def _fresh(case: Case) -> Case:
    found = database.session.get(Case, case.id, populate_existing=True)
    assert found is not None
    return found


def test_the_shipped_model_looks_at_every_photo_and_the_case_joins_the_queue(
    db: Any, work: Callable[[], int]
) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.DRAFT, photo_count=0)
    for seed in (1, 2):
        create_photo(case, lesion("nv", seed))
    service.submit(sender, case.public_id, reading_hours=24)
    work()
    case = _fresh(case)
    assert case.state == CaseState.WAITING
    assert case.band is not None
    assert not case.analysis_failed
    for photo in case.photos:
        (prediction,) = photo.predictions
        assert set(prediction.opinion["probabilities"]) == set(KEYS)
        assert sum(prediction.opinion["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert {"read", "decode", "infer", "total", "draw"} <= set(prediction.milliseconds)
        assert len(prediction.model_sha256) == 64
        assert prediction.heatmap is not None
        assert storage.get(prediction.heatmap).startswith(b"\x89PNG")
    assert case.opinion is not None
    assert case.opinion.opinion["photos"] == 2
    assert case.opinion.model_sha256 == case.photos[0].predictions[0].model_sha256
    assert _kinds(case).count("case.analysed") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_answers_are_read_beside_the_photos_by_who_has_been_told_so(
    db: Any, work: Callable[[], int]
) -> None:
    said = {}
    for told in (True, False):
        sender = create_sender()
        case = create_case(sender, state=CaseState.DRAFT, photo_count=0, answers=RED_FLAGS)
        create_photo(case, lesion("nv", 1))
        service.submit(sender, case.public_id, reading_hours=24)
        if not told:
            with transaction() as session:
                session.execute(update(Consent).values(version="2026-11-22"))
        work()
        opinion = _fresh(case).opinion
        assert opinion is not None
        said[told] = opinion.opinion
    assert said[True]["known"] == [
        "age",
        "sex",
        "site",
        "itch",
        "grew",
        "hurt",
        "changed",
        "bleed",
        "elevation",
    ]
    assert said[False]["known"] == []
    assert said[True]["risk"] > said[False]["risk"], "old, grown, changed and bleeding"


VIEWS = {
    "close-up": ([PhotoView.OVERVIEW, PhotoView.CLOSEUP], [0, 1]),
    "not said": ([None, PhotoView.OVERVIEW, PhotoView.CLOSEUP], [1, 0, 1]),
    "overviews alone": ([PhotoView.OVERVIEW, PhotoView.OVERVIEW], [1, 1]),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_overview_is_not_read_as_a_close_up(db: Any, work: Callable[[], int], name: str) -> None:
    views, read = VIEWS[name]
    sender = create_sender()
    case = create_case(sender, state=CaseState.DRAFT, photo_count=0)
    for view in views:
        create_photo(case, view=view)
    service.submit(sender, case.public_id, reading_hours=24)
    work()
    case = _fresh(case)
    assert [len(photo.predictions) for photo in case.photos] == read
    assert case.opinion is not None
    assert case.opinion.opinion["photos"] == sum(read)
    assert not case.analysis_failed


def test_running_the_same_analysis_twice_changes_nothing(db: Any, work: Callable[[], int]) -> None:
    case = create_case(state=CaseState.SUBMITTED)
    first, second = (case_jobs.analyse_case(_Run(), case_id=case.id) for _ in range(2))
    for effect in (first, second):
        assert effect is not None
        with transaction():
            effect()
    work()
    assert database.session.scalar(database.select(database.func.count()).select_from(Prediction)) == 1
    assert _kinds(case).count("case.analysed") == 1


class _Run:
    """An attempt whose lease never ends."""

    def keep_alive(self) -> None:
        """Nothing to renew."""


def test_a_case_that_cannot_be_analysed_still_reaches_the_doctors(db: Any, work: Callable[[], int]) -> None:
    case = create_case(state=CaseState.SUBMITTED, answers=RED_FLAGS)
    with transaction():
        storage.erase(case.photos[0].object)
    work()
    case = _fresh(case)
    assert case.state == CaseState.WAITING
    assert case.analysis_failed
    assert (case.band, case.urgent) == (Band.SOON, UrgentReason.ANSWERS)
    assert case.opinion is None
    (failed,) = jobs.failed_jobs()
    assert (failed.kind, failed.error) == ("analyse_case", "photo lost: erased")


def _lose(photo: Photo) -> str:
    with transaction():
        storage.erase(photo.object)
    return "photo lost: erased"


def _spoil(photo: Photo) -> str:
    with transaction():
        photo.object = storage.put(b"no picture at all", "image/jpeg")
    return "UnreadableImage: the bytes are not a picture of a known format"


@pytest.mark.parametrize("harm", [_lose, _spoil], ids=["lost", "unreadable"])
def test_a_photo_that_cannot_be_looked_at_costs_the_case_no_other_opinion(
    db: Any, work: Callable[[], int], caplog: pytest.LogCaptureFixture, harm: Callable[[Photo], str]
) -> None:
    case = create_case(state=CaseState.SUBMITTED, photo_count=3)
    first, bad, last = case.photos
    reason = harm(bad)
    work()
    case = _fresh(case)
    assert (case.state, case.analysis_failed) == (CaseState.WAITING, False)
    assert [len(photo.predictions) for photo in (first, bad, last)] == [1, 0, 1]
    assert case.opinion is not None
    assert case.opinion.opinion["photos"] == 2
    assert not jobs.failed_jobs()
    (warning,) = [record.msg for record in caplog.records if "analysis.photo_left_out" in str(record.msg)]
    assert isinstance(warning, dict)
    assert (warning["photo"], warning["reason"]) == (bad.public_id, reason)
    (entry,) = database.session.scalars(
        database.select(AuditEntry).where(AuditEntry.action == "photo.analyse")
    )
    assert (entry.target, entry.outcome, entry.patient_id) == (
        f"photo:{bad.public_id}",
        Outcome.FAILED,
        case.patient_id,
    )


def test_a_case_of_which_nothing_can_be_looked_at_tells_the_operator_every_reason(
    db: Any, work: Callable[[], int]
) -> None:
    case = create_case(state=CaseState.SUBMITTED, photo_count=3)
    reasons = [harm(photo) for harm, photo in zip((_lose, _spoil, _lose), case.photos, strict=True)]
    work()
    assert _fresh(case).analysis_failed
    (failed,) = jobs.failed_jobs()
    assert failed.error == "; ".join(reasons[:2])


def test_a_photo_left_out_is_recorded_once_however_often_the_work_is_done(
    db: Any, work: Callable[[], int]
) -> None:
    case = create_case(state=CaseState.SUBMITTED, photo_count=2)
    _lose(case.photos[0])
    first, second = (case_jobs.analyse_case(_Run(), case_id=case.id) for _ in range(2))
    for effect in (first, second):
        assert effect is not None
        with transaction():
            effect()
    work()
    count = database.select(database.func.count())
    assert database.session.scalar(count.select_from(Prediction)) == 1
    failures = count.select_from(AuditEntry).where(AuditEntry.action == "photo.analyse")
    assert database.session.scalar(failures) == 1
    assert _kinds(case).count("case.analysed") == 1


def test_an_operators_second_try_completes_a_case_that_still_waits(
    db: Any, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_model() -> Any:
        raise ModelError("model.onnx is missing")

    case = create_case(state=CaseState.SUBMITTED)
    with monkeypatch.context() as patch:
        patch.setattr(case_jobs, "predictor", no_model)
        work()
    assert _fresh(case).analysis_failed
    (failed,) = jobs.failed_jobs()
    assert "model.onnx is missing" in (failed.error or "")
    assert jobs.retry(failed.id)
    work()
    case = _fresh(case)
    assert not case.analysis_failed
    assert case.opinion is not None
    assert not jobs.failed_jobs()


def test_a_case_withdrawn_meanwhile_is_left_alone(db: Any, work: Callable[[], int]) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.SUBMITTED)
    effect = case_jobs.analyse_case(_Run(), case_id=case.id)
    service.withdraw(sender, case.public_id)
    assert effect is not None
    with transaction():
        effect()
    work()
    assert _fresh(case).state == CaseState.WITHDRAWN
    assert database.session.scalar(database.select(database.func.count()).select_from(Prediction)) == 0


def test_an_urgent_case_is_announced_once(db: Any) -> None:
    both = create_case(state=CaseState.WAITING, answers=RED_FLAGS, opinion=WORRYING)
    assert both.urgent == UrgentReason.BOTH
    assert _kinds(both).count("case.urgent") == 1
    model = create_case(state=CaseState.WAITING, opinion=WORRYING)
    assert model.urgent == UrgentReason.MODEL
    assert model.band == Band.SOON
    assert _kinds(model).count("case.urgent") == 1
    assert "case.urgent" not in _kinds(create_case(state=CaseState.WAITING))
