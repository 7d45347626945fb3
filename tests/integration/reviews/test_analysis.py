"""Running the analysis: what it says of itself on the way, and what is kept in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.infra import jobs, tidying
from app.infra import storage as objects
from app.infra.database import transaction
from app.infra.events import Event
from app.infra.jobs import Job, JobState
from app.reviews import jobs as work_of_reviews
from app.reviews import report, service, tokenizers
from app.reviews.models import Analysis, WorkState
from tests.factories.reviews import create_analysis, create_import, create_operator
from tests.harness.clock import FrozenClock

Work = Callable[[], int]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def operator(db: Any, work: Work) -> User:
    """Someone who has imported sixty reviews of two apps."""
    user = create_operator()
    create_import(user, rows=40)
    create_import(user, rows=20, filename="appstore_1584940053.csv")
    work()
    return user


@pytest.fixture(autouse=True)
def small_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing a cloud of full size takes a second and is the library's own matter."""
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))


def _reload(db: Any, run: Analysis) -> Analysis:
    db.session.rollback()
    found = db.session.get(Analysis, run.id, populate_existing=True)
    assert found is not None
    return found


def test_the_report_and_both_clouds_are_kept(db: Any, operator: User, work: Work) -> None:
    run = create_analysis(operator)
    work()
    run = _reload(db, run)
    assert (run.state, run.progress, run.review_count) == (WorkState.DONE, 1.0, 60)
    data = report.load(run)
    assert data["totals"]["reviews"] == 60
    assert data["created_from"]["tokenizer"] == "mecab"
    for picture in (run.cloud_high, run.cloud_low):
        assert picture is not None
        assert objects.get(picture).startswith(PNG)


def test_only_the_chosen_apps_are_read(db: Any, operator: User, work: Work) -> None:
    run = create_analysis(operator, apps=["1584940053"])
    work()
    assert report.load(_reload(db, run))["totals"]["by_app"] == {"1584940053": 20}


def test_it_says_how_far_it_is_in_order_and_never_backwards(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "TELL_SECONDS", 0)
    told: list[tuple[str, float]] = []
    note = work_of_reviews.progress.note_analysis

    def listen(analysis_id: int, stage: str, share: float) -> None:
        note(analysis_id, stage, share)
        told.append((stage, share))

    monkeypatch.setattr(work_of_reviews.progress, "note_analysis", listen)
    run = create_analysis(operator)
    work()
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["tokenize", "prepare", "count", "contrast", "topics", "samples", "clouds"]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    events = list(db.session.scalars(select(Event.kind).where(Event.topic == run.topic).order_by(Event.id)))
    assert events[0] == "analysis.begun"
    assert events[-1] == "analysis.done"
    assert len(events) == len(told) + 2


def test_it_tells_no_more_than_twice_a_second(db: Any, operator: User, work: Work) -> None:
    create_analysis(operator)
    work()
    told = db.session.scalar(select(func.count()).where(Event.kind == "analysis.progress"))
    assert 1 <= told <= 20


def test_an_operator_has_one_analysis_at_a_time_and_another_operator_their_own(
    db: Any, operator: User, work: Work
) -> None:
    first = create_analysis(operator)
    with pytest.raises(service.AnalysisUnderWay) as refused:
        create_analysis(operator)
    assert refused.value.analysis.id == first.id
    create_analysis()
    work()
    create_analysis(operator)


def test_of_many_requests_at_once_one_starts_an_analysis(app: Flask, db: Any, operator: User) -> None:
    user_id, people = operator.id, 8
    db.session.rollback()
    start, outcomes = threading.Barrier(people), []

    def ask() -> None:
        with app.app_context():
            start.wait()
            try:
                service.start_analysis(user_id, [])
                outcomes.append("started")
            except service.AnalysisUnderWay:
                outcomes.append("under way")

    threads = [threading.Thread(target=ask) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["started"] + ["under way"] * (people - 1)


def test_without_reviews_there_is_nothing_to_analyse(db: Any) -> None:
    with pytest.raises(service.NoReviews):
        create_analysis()


def test_an_app_without_reviews_cannot_be_analysed(operator: User) -> None:
    with pytest.raises(service.NoReviews):
        create_analysis(operator, apps=["1"])


def test_an_unknown_tokenizer_is_refused(operator: User) -> None:
    with pytest.raises(service.UnknownTokenizer):
        service.start_analysis(operator.id, [], "kkma")


def test_okt_is_offered_only_where_java_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(tokenizers.shutil, "which", lambda name: None)
    assert tokenizers.available() == ("mecab",)


def test_a_tokenizer_that_does_not_start_is_named_as_the_reason(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nlp import tokenize

    def missing(name: str) -> None:
        raise tokenize.TokenizerUnavailable("형태소 분석기가 없습니다.", "The tokenizer is missing.")

    with monkeypatch.context() as patch:
        patch.setattr(tokenize, "make_tokenizer", missing)
        run = create_analysis(operator)
        work()
    run = _reload(db, run)
    assert (run.state, run.error_ko) == (WorkState.FAILED, "형태소 분석기가 없습니다.")
    assert [job.error for job in jobs.failed_jobs()] == ["The tokenizer is missing."]
    service.retry_analysis(run.id)
    work()
    run = _reload(db, run)
    assert (run.state, run.error_ko) == (WorkState.DONE, None)
    assert not jobs.failed_jobs()
    with pytest.raises(service.NotFailed):
        service.retry_analysis(run.id)


def test_an_analysis_whose_job_is_forgotten_can_be_run_again(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    from nlp import tokenize

    def missing(name: str) -> None:
        raise tokenize.TokenizerUnavailable("형태소 분석기가 없습니다.", "The tokenizer is missing.")

    with monkeypatch.context() as patch:
        patch.setattr(tokenize, "make_tokenizer", missing)
        run = create_analysis(operator)
        work()
    assert _reload(db, run).state == WorkState.FAILED
    clock.advance(days=tidying.KEEP.days + 1)
    with transaction():
        tidying.forget_old()
    assert not jobs.failed_jobs()
    service.retry_analysis(run.id)
    work()
    assert _reload(db, run).state == WorkState.DONE


def test_a_retry_waits_for_the_analysis_that_runs(db: Any, operator: User, work: Work) -> None:
    failed = create_analysis(operator)
    with jobs.transaction():
        work_of_reviews.progress.fail_analysis(failed.id)
    create_analysis(operator)
    with pytest.raises(service.AnalysisUnderWay):
        service.retry_analysis(failed.id)


def test_a_retry_from_the_list_of_jobs_ends_well_too(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.registry, "attempts", 1)
    with monkeypatch.context() as patch:
        patch.setattr(work_of_reviews.progress, "finish_analysis", None)
        run = create_analysis(operator)
        work()
    assert _reload(db, run).state == WorkState.FAILED
    [job] = jobs.failed_jobs()
    assert job.error == "TypeError"
    assert jobs.retry(job.id)
    work()
    assert _reload(db, run).state == WorkState.DONE


def test_done_twice_is_done_once(db: Any, operator: User, work: Work) -> None:
    run = create_analysis(operator)
    work()
    job = db.session.scalar(select(Job).where(Job.kind == service.ANALYSIS_JOB))
    before = _reload(db, run).cloud_high_id
    assert job.state == JobState.DONE
    assert work_of_reviews.analyse(jobs.Run(job.id, "again"), analysis_id=run.id) is None
    assert _reload(db, run).cloud_high_id == before
