"""A model on trial reads beside the one in use: counted, and shown to nobody who deals with the case."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import ConsentKind
from app.accounts.service import withdraw_consent
from app.cases import service, shadow
from app.cases.analysis import PhotoOpinion
from app.cases.models import Case, CaseState
from app.cases.shadow_models import ShadowOpinion
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra import jobs
from app.infra.database import transaction
from tests.factories.cases import (
    MODEL,
    OPINION,
    WORRYING,
    create_case,
    create_photo,
    create_sender,
)
from vision.registry import MODELS, default_name, write_sums

ON_TRIAL = replace(MODEL, name="trial", version="2.0", sha256="cd" * 32)
Work = Callable[[], int]


def _count() -> int:
    database.session.rollback()
    return database.session.query(ShadowOpinion).count()


def _read(case: Case, opinion: dict[str, Any] = OPINION, milliseconds: float = 12.0) -> None:
    with transaction():
        shadow.store(case.id, ON_TRIAL, [opinion], milliseconds)


@pytest.fixture
def another_model(tmp_path: Path) -> str:
    """The folder of a model like the one in use, of another version."""
    folder = tmp_path / "trial"
    shutil.copytree(MODELS / default_name(), folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"version": "9.9"}), encoding="utf-8")
    write_sums(folder)
    return str(folder)


def test_the_time_of_a_photo_counts_each_part_once() -> None:
    stages = {"read": 1.0, "decode": 2.0, "infer": 3.0, "total": 6.0, "draw": 0.5}
    assert PhotoOpinion(1, {}, stages, b"").whole_time == 7.5


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_model_on_trial_reads_what_the_model_in_use_has_read(
    make_app: Callable[..., Flask], another_model: str
) -> None:
    app = make_app(shadow_model=another_model)
    with app.app_context():
        sender = create_sender()
        case = create_case(sender, state=CaseState.DRAFT, photo_count=0)
        for seed in (1, 2):
            create_photo(case, lesion("nv", seed))
        service.submit(sender, case.public_id, reading_hours=24)
        for kind in ("analyse_case", shadow.JOB):
            for job in database.session.scalars(database.select(jobs.Job).where(jobs.Job.kind == kind)).all():
                jobs.run(job.id, "test")
        (row,) = database.session.scalars(database.select(ShadowOpinion)).all()
        case = database.session.get(Case, case.id, populate_existing=True)
        assert case is not None
        assert case.opinion is not None
        assert (row.model_name, row.model_version) == ("trial", "9.9")
        assert row.opinion["probabilities"] == pytest.approx(case.opinion.opinion["probabilities"])
        assert row.opinion["photos"] == 2
        assert row.milliseconds > 0
        assert [len(photo.predictions) for photo in case.photos] == [1, 1], "its answer stands nowhere else"
        (found,) = shadow.comparisons()
        assert (found.cases, found.same_top) == (1, 1)


def test_without_a_model_on_trial_nobody_is_asked(db: Any, work: Work) -> None:
    create_case(state=CaseState.SUBMITTED)
    work()
    assert db.session.query(jobs.Job).filter(jobs.Job.kind == shadow.JOB).count() == 0
    assert _count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_model_that_is_not_there_is_the_operators_affair_and_the_case_goes_on(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(shadow_model="none-such")
    with app.app_context():
        case = create_case(state=CaseState.SUBMITTED)
        for kind in ("analyse_case", shadow.JOB):
            for job in database.session.scalars(database.select(jobs.Job).where(jobs.Job.kind == kind)).all():
                jobs.run(job.id, "test")
        assert [job.kind for job in jobs.failed_jobs()] == [shadow.JOB]
        case = database.session.get(Case, case.id, populate_existing=True)
        assert case is not None
        assert (case.state, case.analysis_failed) == (CaseState.WAITING, False)


def test_a_model_in_a_folder_far_down_stops_no_analysis(make_app: Callable[..., Flask]) -> None:
    app = make_app(shadow_model="/" + "models/" * 40)
    with app.app_context():
        case = create_case(state=CaseState.SUBMITTED)
        (job,) = database.session.scalars(
            database.select(jobs.Job).where(jobs.Job.kind == "analyse_case")
        ).all()
        assert jobs.run(job.id, "test") == jobs.JobState.DONE
        case = database.session.get(Case, case.id, populate_existing=True)
        assert case is not None
        assert case.state == CaseState.WAITING


def test_both_are_counted_against_what_doctors_said(db: Any) -> None:
    for used, tried, found in (
        (OPINION, OPINION, "nv"),
        (OPINION, WORRYING, "mel"),
        (WORRYING, OPINION, "nv"),
        (WORRYING, WORRYING, "bcc"),
    ):
        because = {"reason": "경계가 고르지 않습니다."} if found != used["top"] else {}
        _read(create_case(create_sender(), opinion=used, diagnosis=found, **because), tried)
    (one,) = shadow.comparisons()
    assert (one.cases, one.same_top) == (4, 2)
    assert (one.both_urgent, one.only_in_use_urgent, one.only_on_trial_urgent) == (1, 1, 1)
    for counts in (one.first_reads, one.findings):
        assert counts == shadow.Against(cases=4, in_use=1, on_trial=3, only_in_use=0, only_on_trial=2)


def test_a_second_reading_changes_nothing(db: Any) -> None:
    case = create_case()
    _read(case)
    _read(case, WORRYING)
    assert _count() == 1


def test_it_goes_with_the_consent_to_machines(db: Any, work: Work) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.WAITING)
    _read(case)
    assert _count() == 1
    withdraw_consent(sender, case.patient, ConsentKind.AI_NOTICE)
    work()
    assert _count() == 0
    _read(case)
    assert _count() == 0, "nor does it come back"


@pytest.mark.parametrize("state", [CaseState.WITHDRAWN, CaseState.RESTRICTED])
def test_what_is_gone_is_not_read(db: Any, state: CaseState) -> None:
    case = create_case(state=state)
    _read(case)
    assert _count() == 0


def test_an_interval_holds_its_share() -> None:
    low, high = shadow.interval(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert shadow.interval(0, 5)[0] == 0.0
    assert shadow.interval(5, 5)[1] == 1.0
