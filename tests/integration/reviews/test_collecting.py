"""Collecting from a store: page by page, gone on with where it ended, never doubled, edits kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.infra import clock as present
from app.infra import jobs
from app.infra.events import Event
from app.infra.jobs import Job, JobState
from app.reviews import collecting, collecting_steps, corpus
from app.reviews import jobs as work_of_reviews
from app.reviews.collection_models import Collection, CollectionState
from app.reviews.models import Analysis, FormerReview, Review, StoreApp, WorkState
from tests.factories.collections import Shop, create_collection
from tests.factories.reviews import (
    APP,
    create_analysis,
    create_import,
    create_operator,
    review_csv,
    review_row,
)
from tests.harness.stores import Answer, feed_entry

Work = Callable[[], int]
TOO_OFTEN = Answer(status=429, headers={"Retry-After": "900"})


@pytest.fixture
def app(make_app: Callable[..., Flask], shop: Shop) -> Flask:
    return make_app(app_store_url=shop.url, google_play_url=shop.url)


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator()


def _reload(db: Any, item: Collection) -> Collection:
    db.session.rollback()
    found = db.session.get(Collection, item.id, populate_existing=True)
    assert found is not None
    return found


def _counts(item: Collection) -> tuple[int, int, int]:
    return item.added, item.edited, item.known


def _reviews(db: Any) -> list[Review]:
    db.session.rollback()
    return list(db.session.scalars(select(Review).order_by(Review.store_id)))


def test_every_page_is_kept_with_version_and_store_and_the_author_as_a_hash(
    db: Any, operator: User, work: Work
) -> None:
    item = create_collection(operator)
    assert item.state == CollectionState.QUEUED
    work()
    item = _reload(db, item)
    assert (item.state, item.pages, item.pages_total, item.partial) == (CollectionState.DONE, 11, 20, False)
    assert _counts(item) == (6, 0, 0)
    found = _reviews(db)
    assert [review.store_id for review in found] == [str(9_000_000_000 + n) for n in range(6)]
    assert {(review.app, review.store, review.version) for review in found} == {(APP, "appstore", "3.2.1")}
    assert all(len(review.author) == 12 and "사람" not in review.author for review in found)
    assert {review.collection_id for review in found} == {item.id}


def test_google_play_too(db: Any, operator: User, work: Work) -> None:
    item = create_collection(operator, "googleplay", "com.bbros.sayup")
    work()
    item = _reload(db, item)
    assert (item.state, item.pages, item.pages_total) == (CollectionState.DONE, 3, None)
    assert _counts(item) == (6, 0, 0)
    assert {review.version for review in _reviews(db)} == {"5.0.1"}


def test_again_brings_what_is_new_and_keeps_how_an_edited_one_read(
    db: Any, operator: User, work: Work, shop: Shop
) -> None:
    create_collection(operator)
    work()
    former = shop.entries[1]
    shop.entries[1] = feed_entry(1, text="고친 글", star=1, updated="2024-02-01T10:00:00-07:00")
    shop.entries.insert(0, feed_entry(9))
    again = create_collection(operator)
    work()
    assert _counts(_reload(db, again)) == (1, 1, 5)
    edited = next(review for review in _reviews(db) if review.text == "고친 글")
    assert len(_reviews(db)) == 7
    kept = db.session.scalars(select(FormerReview)).one()
    assert (kept.review_id, kept.star, kept.text) == (edited.id, 2, former["content"]["label"])
    assert kept.posted_at < edited.posted_at <= kept.noted_at


def test_a_review_that_a_file_brought_without_an_id_is_not_doubled_and_gets_its_id(
    db: Any, operator: User, work: Work
) -> None:
    rows = [
        # the same moment; another clock; another author
        review_row(user="사람1", date="2023-02-11 10:00:00-07:00", star=2, title="제목 1", review="내용 1"),
        review_row(user="사람2", date="2023-03-13 02:00:00", star=3, title="제목 2", review="내용 2"),
        review_row(
            user="다른 사람", date="2023-04-13 10:00:00-07:00", star=4, title="제목 3", review="내용 3"
        ),
    ]
    create_import(operator, review_csv(rows))
    work()
    ids = {review.text: review.id for review in _reviews(db)}
    item = create_collection(operator)
    work()
    assert _counts(_reload(db, item)) == (4, 0, 2)
    found = _reviews(db)
    assert len(found) == 7
    assert {r.id for r in found if r.store_id in ("9000000001", "9000000002")} == {
        ids["내용 1"],
        ids["내용 2"],
    }
    create_import(operator, review_csv(rows))
    work()
    assert len(_reviews(db)) == 7


def test_a_file_with_ids_updates_and_an_older_one_takes_nothing_back(
    db: Any, operator: User, work: Work
) -> None:
    header = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW", "STORE", "ID", "VERSION")

    def row(text: str, date: str) -> list[str]:
        return ["x", date, "3", "0", "제목", text, "appstore", "12345678901", "1.0"]

    def bring(text: str, date: str) -> Any:
        item = create_import(operator, review_csv([row(text, date)], header))
        work()
        db.session.rollback()
        db.session.refresh(item)
        return item

    bring("처음", "2023-01-01T00:00:00+09:00")
    later = bring("나중", "2023-05-01T00:00:00+09:00")
    assert (later.imported, later.duplicate, later.edited) == (0, 1, 1)
    older = bring("처음", "2023-01-01T00:00:00+09:00")
    assert (older.duplicate, older.edited) == (1, 0)
    assert [(review.text, review.version) for review in _reviews(db)] == [("나중", "1.0")]
    assert [former.text for former in db.session.scalars(select(FormerReview))] == ["처음"]


def test_a_number_of_the_row_is_no_id_of_a_store(db: Any, operator: User, work: Work) -> None:
    header = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW", "STORE", "ID")
    for _ in range(2):
        rows = [[*review_row(), "appstore", str(n)] for n in range(3)]
        create_import(operator, review_csv(rows, header))
    work()
    assert len(_reviews(db)) == 6


def test_two_rows_that_are_one_review_become_one(db: Any, operator: User, work: Work, shop: Shop) -> None:
    """An old file had the first words, a newer one the edited ones; neither said which review it was."""
    shop.entries = [feed_entry(1)]
    create_collection(operator)
    work()
    new = {"date": "2024-02-01 10:00:00-07:00", "star": 1, "title": "제목 1", "review": "고친 글"}
    late = create_import(operator, review_csv([review_row(user="사람1", **new)]))
    work()
    assert len(_reviews(db)) == 2
    shop.entries = [feed_entry(1, text="고친 글", star=1, updated="2024-02-01T10:00:00-07:00")]
    item = create_collection(operator)
    work()
    assert _counts(_reload(db, item)) == (0, 1, 0)
    (only,) = _reviews(db)
    assert (only.text, only.store_id) == ("고친 글", "9000000001")
    assert db.session.scalar(select(FormerReview.text)) == "내용 1"
    assert late.id in set(db.session.scalars(select(work_of_reviews.progress.intake.ReviewAgain.import_id)))


def test_429_is_shown_with_what_was_got_and_it_goes_on_with_the_page_after(
    db: Any, operator: User, work: Work, shop: Shop
) -> None:
    shop.refuse = lambda page: TOO_OFTEN if page == 3 else None
    item = create_collection(operator)
    work()
    item = _reload(db, item)
    assert (item.state, item.pages, item.partial) == (CollectionState.FAILED, 2, True)
    assert "900초" in (item.error_ko or "")
    assert "900 seconds" in (item.error_en or "")
    assert item.retry_at == present.now() + timedelta(seconds=900)
    assert _counts(item) == (4, 0, 0)
    assert not jobs.failed_jobs(), "nothing of ours is broken"
    shop.refuse = lambda page: None
    shop.server.asked.clear()  # type: ignore[union-attr]
    collecting.resume(item.id)
    work()
    item = _reload(db, item)
    assert (item.state, item.error_ko, item.retry_at, item.partial) == (
        CollectionState.DONE,
        None,
        None,
        False,
    )
    assert shop.asked[0] == ("mostrecent", 3)
    assert _counts(item) == (6, 0, 0)


@pytest.mark.parametrize(
    "answer, said",
    [
        (Answer(b"<!DOCTYPE html><html>robot?</html>"), "막았습니다"),
        (Answer(b'{"food": 1}'), "형식과 다릅니다"),
        (Answer(status=404), "이런 앱이 없습니다"),
        (Answer(status=503), "닿지 않습니다"),
    ],
    ids=["captcha", "format", "no app", "unreachable"],
)
def test_what_a_store_says_is_told_apart(
    db: Any, operator: User, work: Work, shop: Shop, answer: Answer, said: str
) -> None:
    shop.refuse = lambda page: answer
    item = create_collection(operator)
    work()
    item = _reload(db, item)
    assert item.state == CollectionState.FAILED
    assert said in (item.error_ko or "")
    assert item.error_en


def test_a_store_that_shows_no_more_leaves_a_partial_collection(
    db: Any, operator: User, work: Work, shop: Shop
) -> None:
    shop.entries = [feed_entry(n) for n in range(20)]
    item = create_collection(operator)
    work()
    item = _reload(db, item)
    assert (item.state, item.capped, item.partial) == (CollectionState.DONE, True, True)


def test_one_that_waits_is_stopped_at_once_and_one_at_work_after_the_page(
    db: Any, operator: User, work: Work, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = create_collection(operator)
    collecting.stop(waiting.id)
    assert _reload(db, waiting).state == CollectionState.STOPPED
    work()
    assert not shop.asked
    with pytest.raises(collecting.NotCollecting):
        collecting.stop(waiting.id)
    collecting.resume(waiting.id)
    keep = collecting_steps.keep_page

    def stopped_meanwhile(collection_id: int, *rest: Any) -> bool:
        if len(shop.asked) == 2:
            collecting.stop(collection_id)
        return keep(collection_id, *rest)

    monkeypatch.setattr(collecting_steps, "keep_page", stopped_meanwhile)
    work()
    item = _reload(db, waiting)
    assert (item.state, item.pages, item.partial) == (CollectionState.STOPPED, 2, True)
    assert _counts(item) == (4, 0, 0)


def test_a_stop_wakes_one_that_waits_for_the_store(
    db: Any, operator: User, work: Work, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "PAUSE", 60.0)
    monkeypatch.setattr(work_of_reviews, "LOOK_SECONDS", 0.01)
    kept = collecting_steps.wanted
    looks: list[int] = []

    def stopped_at_the_third_look(collection_id: int, turn: int) -> bool:
        looks.append(turn)
        if len(looks) == 3:
            collecting.stop(collection_id)
        return kept(collection_id, turn)

    monkeypatch.setattr(collecting_steps, "wanted", stopped_at_the_third_look)
    item = create_collection(operator)
    work()
    item = _reload(db, item)
    assert (item.state, item.pages) == (CollectionState.STOPPED, 1)


def test_two_who_start_at_once_start_one(app: Flask, db: Any, operator: User) -> None:
    user_id = operator.id
    db.session.rollback()
    start, found = threading.Barrier(4), []

    def press() -> None:
        with app.app_context():
            start.wait()
            try:
                found.append(("begun", collecting.start(user_id, "appstore", APP).public_id))
            except collecting.CollectionUnderWay as error:
                found.append(("there", error.collection.public_id))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(what for what, _ in found) == ["begun", "there", "there", "there"]
    assert len({public_id for _, public_id in found}) == 1
    assert db.session.scalar(select(func.count()).select_from(Job).where(Job.kind == "reviews.collect")) == 1


def test_stores_are_asked_one_thing_at_a_time(db: Any, operator: User, work: Work) -> None:
    first = create_collection(operator)
    second = create_collection(operator, app="1584940053")
    third = create_collection(operator, app="1565924524")
    assert db.session.scalar(select(func.count()).select_from(Job).where(Job.kind == "reviews.collect")) == 1
    collecting.stop(second.id)
    work()
    states = [_reload(db, item).state for item in (first, second, third)]
    assert states == [CollectionState.DONE, CollectionState.STOPPED, CollectionState.DONE]


def test_a_long_collection_lets_others_go_first(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "TURN_SECONDS", -1.0)
    item = create_collection(operator)
    assert work() == 11
    item = _reload(db, item)
    assert (item.state, item.turn) == (CollectionState.DONE, 11)
    assert _counts(item) == (6, 0, 0)


def _dies_after(pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = collecting_steps.keep_page
    kept: list[int] = []

    def dies(*arguments: Any) -> bool:
        if len(kept) == pages:
            raise KeyboardInterrupt
        kept.append(1)
        return keep(*arguments)

    monkeypatch.setattr(collecting_steps, "keep_page", dies)


def test_a_worker_killed_between_pages_doubles_nothing_and_the_next_goes_on_after_the_last_page(
    db: Any, operator: User, work: Work, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = create_collection(operator)
    job = db.session.scalar(select(Job).where(Job.kind == "reviews.collect"))
    claimed = jobs._claim(job.id, "dies")
    assert claimed is not None
    with monkeypatch.context() as patch:
        _dies_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            work_of_reviews.collect(jobs.Run(job.id, claimed[2]), **claimed[1])
    item = _reload(db, item)
    assert (item.state, item.pages, _counts(item)) == (CollectionState.RUNNING, 2, (4, 0, 0))
    with jobs.transaction() as session:  # what the next worker does with a dead one's jobs
        dead = session.get(Job, job.id)
        dead.state, dead.lease, dead.lease_until = JobState.QUEUED, None, None
    shop.server.asked.clear()  # type: ignore[union-attr]
    work()
    item = _reload(db, item)
    assert (item.state, _counts(item)) == (CollectionState.DONE, (6, 0, 0))
    assert shop.asked[0] == ("mostrecent", 3)
    assert len(_reviews(db)) == 6


def test_who_has_lost_the_job_keeps_nothing_more(db: Any, operator: User) -> None:
    item = create_collection(operator)
    job = db.session.scalar(select(Job).where(Job.kind == "reviews.collect"))
    with pytest.raises(jobs.LeaseLost):
        work_of_reviews.collect(jobs.Run(job.id, "not the lease"), collection_id=item.id, turn=1)
    assert not _reviews(db)


def _work_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    def broken(*_arguments: Any) -> bool:
        raise jobs.PermanentFailure("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(collecting_steps, "keep_page", broken)
        work()


def test_an_error_of_ours_ends_it_for_good_and_going_on_tries_the_same_job_again(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = create_collection(operator)
    _work_on_a_full_disk(monkeypatch, work)
    item = _reload(db, item)
    assert (item.state, bool(item.error_ko)) == (CollectionState.FAILED, True)
    assert len(jobs.failed_jobs()) == 1
    collecting.resume(item.id)
    assert not jobs.failed_jobs()
    work()
    assert _reload(db, item).state == CollectionState.DONE


def test_the_list_of_jobs_can_try_it_again_too(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = create_collection(operator)
    _work_on_a_full_disk(monkeypatch, work)
    assert jobs.retry(jobs.failed_jobs()[0].id)
    work()
    assert _reload(db, item).state == CollectionState.DONE


def test_an_app_that_nobody_listed_is_not_collected(db: Any, operator: User) -> None:
    with pytest.raises(collecting.UnknownPlace):
        collecting.start(operator.id, "appstore", "123456789")


def test_only_what_ended_early_goes_on_and_never_beside_another(db: Any, operator: User, work: Work) -> None:
    done = create_collection(operator)
    with pytest.raises(collecting.NotResumable):
        collecting.resume(done.id)
    collecting.stop(done.id)
    second = create_collection(operator)
    with pytest.raises(collecting.CollectionUnderWay) as other:
        collecting.resume(done.id)
    assert other.value.collection.id == second.id


def test_watchers_are_told(db: Any, operator: User, work: Work) -> None:
    item = create_collection(operator)
    work()
    of_it = select(Event).where(Event.topic == item.topic).order_by(Event.id)
    told = [event.payload["state"] for event in db.session.scalars(of_it)]
    assert told[:2] == ["queued", "running"]
    assert told[-1] == "done"


def test_the_report_knows_versions(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))
    seen: list[Any] = []
    from nlp import report

    analyse = report.analyse

    def noted(reviews: Any, **given: Any) -> Any:
        seen.extend(reviews)
        return analyse(reviews, **given)

    monkeypatch.setattr(report, "analyse", noted)
    create_collection(operator)
    work()
    run = create_analysis(operator)
    work()
    db.session.refresh(run)
    assert db.session.get(Analysis, run.id).state == WorkState.DONE
    assert {(review.store, review.version) for review in seen} == {("appstore", "3.2.1")}
    assert all(review.store_id for review in seen)
    assert json.loads(run.report)["totals"]
    assert db.session.get(StoreApp, APP).name_ko == "굿닥"
    assert corpus.by_app()[0].name_ko == "굿닥"
