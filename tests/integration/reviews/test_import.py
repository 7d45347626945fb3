"""Importing review files: every row is accounted for, whatever the file and whoever else imports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.infra import jobs
from app.infra.jobs import Job, JobState
from app.reviews import corpus, service
from app.reviews import jobs as work_of_reviews
from app.reviews.models import RejectedRow, Review, ReviewImport, StoreApp, WorkState
from tests.factories.reviews import create_import, create_operator, review_csv, review_row
from tests.harness.workbooks import workbook

Work = Callable[[], int]


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator()


def _counts(item: ReviewImport) -> tuple[int, int, int, int]:
    return item.imported, item.duplicate, item.rejected, item.total


def _reload(db: Any, item: ReviewImport) -> ReviewImport:
    db.session.rollback()
    found = db.session.get(ReviewImport, item.id, populate_existing=True)
    assert found is not None
    return found


def test_rows_become_reviews_and_the_rest_is_named_with_its_line(db: Any, operator: User, work: Work) -> None:
    rows = [review_row() for _ in range(7)]
    rows.insert(2, review_row(star=9))
    rows.append(review_row(date="어제"))
    item = create_import(operator, review_csv(rows))
    assert item.state == WorkState.QUEUED
    work()
    item = _reload(db, item)
    assert (item.state, item.encoding) == (WorkState.DONE, "utf-8-sig")
    assert _counts(item) == (7, 0, 2, 9)
    rejected = corpus.rejected_page(item.id, 1).rows
    assert [row.line for row in rejected] == [4, 10]
    assert "9" in rejected[0].reason_ko
    assert "어제" in rejected[1].reason_en
    assert db.session.get(StoreApp, "517637141").name_ko == "굿닥"


def test_a_moment_is_kept_with_its_offset_and_the_author_as_a_hash(
    db: Any, operator: User, work: Work
) -> None:
    create_import(operator, review_csv([review_row(user="김철수", date="2023-12-31 20:30:00-07:00")]))
    work()
    review = db.session.scalar(select(Review))
    assert review.posted_at.isoformat() == "2024-01-01T03:30:00+00:00"
    assert len(review.author) == 12
    assert "김철수" not in review.author


def test_the_file_lies_encrypted_and_is_erased_when_its_rows_are_in(
    db: Any, operator: User, work: Work, storage: Path
) -> None:
    item = create_import(operator, review_csv([review_row(user="홍길동전")]))
    kept = [path for path in storage.rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert "홍길동전".encode() not in kept[0].read_bytes()
    work()
    assert _reload(db, item).object.erased_at is not None
    assert not [path for path in storage.rglob("*") if path.is_file()]


def test_the_same_file_twice_doubles_nothing(db: Any, operator: User, work: Work) -> None:
    content = review_csv(review_row() for _ in range(20))
    first, second = create_import(operator, content), create_import(operator, content)
    work()
    assert _counts(_reload(db, first)) == (20, 0, 0, 20)
    assert _counts(_reload(db, second)) == (0, 20, 0, 20)
    assert db.session.scalar(select(func.count()).select_from(Review)) == 20


def test_a_row_that_stands_twice_in_one_file_is_kept_once(db: Any, operator: User, work: Work) -> None:
    row = review_row()
    item = create_import(operator, review_csv([row, review_row(), row]))
    work()
    assert _counts(_reload(db, item)) == (2, 1, 0, 3)


def test_the_same_words_by_another_author_are_another_review(db: Any, operator: User, work: Work) -> None:
    same: dict[str, Any] = {"title": "좋아요", "review": "아주 좋아요", "star": 5}
    create_import(operator, review_csv([review_row(user="a", **same), review_row(user="b", **same)]))
    work()
    assert db.session.scalar(select(func.count()).select_from(Review)) == 2


def test_two_imports_of_overlapping_files_at_once_lose_nothing_and_double_nothing(
    app: Flask, db: Any, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "BATCH", 25)  # many turns for the two to meet
    rows = [review_row() for _ in range(600)]
    mine = create_import(operator, review_csv(rows[:400]))
    yours = create_import(operator, review_csv(reversed(rows[200:])))
    ids = list(db.session.scalars(select(Job.id).order_by(Job.id)))
    db.session.rollback()
    start, states = threading.Barrier(len(ids)), []

    def run(job_id: int) -> None:
        with app.app_context():
            start.wait()
            states.append(jobs.run(job_id, "test"))

    threads = [threading.Thread(target=run, args=(job_id,)) for job_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [JobState.DONE, JobState.DONE]
    mine, yours = _reload(db, mine), _reload(db, yours)
    assert mine.total == yours.total == 400
    assert mine.imported + yours.imported == 600
    assert mine.duplicate + yours.duplicate == 200
    assert db.session.scalar(select(func.count()).select_from(Review)) == 600


def test_a_worker_that_dies_in_the_middle_leaves_nothing_behind_that_the_next_one_counts_wrong(
    db: Any, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SIGKILL does: some batches are in, the job's end is not."""
    monkeypatch.setattr(work_of_reviews, "BATCH", 10)
    item = create_import(operator, review_csv([*(review_row() for _ in range(35)), review_row(star=0)]))
    job = db.session.scalar(select(Job))
    claimed = jobs._claim(job.id, "dies")
    assert claimed is not None
    written: list[int] = []
    insert = work_of_reviews.progress.insert_reviews

    def dies_at_the_third(import_id: int, rows: Any) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        insert(import_id, rows)
        written.append(len(rows))

    with monkeypatch.context() as patch:
        patch.setattr(work_of_reviews.progress, "insert_reviews", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            work_of_reviews.import_file(jobs.Run(job.id, claimed[2]), import_id=item.id)
    assert db.session.scalar(select(func.count()).select_from(Review)) == 20
    assert _reload(db, item).state == WorkState.RUNNING
    with jobs.transaction() as session:  # what the next worker does with a dead one's jobs
        dead = session.get(Job, job.id)
        dead.state, dead.lease, dead.lease_until = JobState.QUEUED, None, None
    work()
    item = _reload(db, item)
    assert _counts(item) == (35, 0, 1, 36)
    assert db.session.scalar(select(func.count()).select_from(RejectedRow)) == 1


def test_who_has_lost_the_job_writes_no_more_rows(db: Any, operator: User) -> None:
    item = create_import(operator, rows=5)
    job = db.session.scalar(select(Job))
    with pytest.raises(jobs.LeaseLost):
        work_of_reviews.import_file(jobs.Run(job.id, "not the lease"), import_id=item.id)
    assert db.session.scalar(select(func.count()).select_from(Review)) == 0


def test_a_finished_import_run_again_changes_nothing(db: Any, operator: User, work: Work) -> None:
    item = create_import(operator, rows=5)
    work()
    before = _counts(_reload(db, item))
    job = db.session.scalar(select(Job).where(Job.kind == service.IMPORT_JOB))
    assert work_of_reviews.import_file(jobs.Run(job.id, "again"), import_id=item.id) is None
    assert _counts(_reload(db, item)) == before


BAD = {
    "empty": (b"", "appstore_1.csv", "빈 파일"),
    "blank": (b" \n\n ", "appstore_1.csv", "빈 파일"),
    "binary": (bytes(range(32)) * 40, "appstore_1.csv", "이진 파일"),
    "excel": (b"PK\x03\x04" + b"\x00" * 90, "appstore_1.csv", "엑셀"),
    "utf16": (b"\xff\xfe\x00\xd8\x00", "appstore_1.csv", "UTF-16"),
    "columns": (b"DATE,TITLE\n2023-01-01,x\n", "appstore_1.csv", "STAR, REVIEW"),
    "app": (review_csv([review_row()]), "reviews.csv", "appstore_"),
    "neither": (b"DATE,STAR,REVIEW\n2023-01-01,5,\xff\xfe\xfd\x81\x20\xc0\n", "appstore_1.csv", "CP949"),
}


@pytest.mark.parametrize("content, filename, said", BAD.values(), ids=BAD)
def test_a_file_that_is_no_review_csv_ends_with_its_reason(
    db: Any, operator: User, work: Work, content: bytes, filename: str, said: str
) -> None:
    item = create_import(operator, content, filename=filename)
    work()
    item = _reload(db, item)
    assert item.state == WorkState.FAILED
    assert said in (item.error_ko or "")
    assert item.error_en
    assert item.error_en != item.error_ko
    assert not jobs.failed_jobs(), "the file is wrong, not the portal: nothing for the operator to repair"


def test_a_cp949_file_is_read(db: Any, operator: User, work: Work) -> None:
    item = create_import(operator, review_csv([review_row(title="좋습니다")], encoding="cp949"))
    work()
    assert _reload(db, item).encoding == "cp949"
    assert db.session.scalar(select(Review.title)) == "좋습니다"


def test_files_of_another_kind_are_refused_together_with_all_others(db: Any, operator: User) -> None:
    files = [("appstore_1.csv", review_csv([review_row()])), ("후기.hwp", b"PK"), ("사진.jpg", b"x")]
    with pytest.raises(service.NotReviews) as refused:
        service.import_files(operator.id, files)
    assert refused.value.filenames == ["후기.hwp", "사진.jpg"]
    assert db.session.scalar(select(func.count()).select_from(ReviewImport)) == 0


def test_no_file_and_too_many_files_are_refused(db: Any, operator: User) -> None:
    with pytest.raises(service.NothingToImport):
        service.import_files(operator.id, [])
    with pytest.raises(service.TooManyFiles):
        service.import_files(operator.id, [("appstore_1.csv", b"")] * (service.MAX_FILES + 1))


def test_a_file_that_was_lost_fails_for_good_and_can_be_tried_again(
    db: Any, operator: User, work: Work, storage: Path
) -> None:
    item = create_import(operator, rows=3)
    kept = next(path for path in storage.rglob("*") if path.is_file())
    content = kept.read_bytes()
    kept.unlink()
    work()
    assert _reload(db, item).state == WorkState.FAILED
    failed = jobs.failed_jobs()
    assert [job.kind for job in failed] == [service.IMPORT_JOB]
    kept.write_bytes(content)  # the disk is back
    service.retry_import(item.id)
    work()
    assert _counts(_reload(db, item)) == (3, 0, 0, 3)
    with pytest.raises(service.NotFailed):
        service.retry_import(item.id)


def test_every_sheet_of_a_workbook_is_taken_in_and_one_without_reviews_is_named(
    db: Any, operator: User, work: Work
) -> None:
    header = ["DATE", "STAR", "REVIEW"]
    content = workbook(
        {
            "요약": [["앱", "건수"], ["굿닥", 2]],
            "2022": [header, ["2022-01-01", 5, "하나"], ["2022-01-02", 9, "별이 아홉"]],
            "2023": [header, ["2023-01-01", 4, "둘"], ["2023-01-02", 8, "별이 여덟"]],
        }
    )
    item = create_import(operator, content, filename="appstore_517637141.xlsx")
    work()
    item = _reload(db, item)
    assert _counts(item) == (2, 0, 3, 5)
    found = corpus.rejected_page(item.id, 1).rows
    assert [row.reason_ko.partition(":")[0] for row in found] == [
        "시트 '요약'은(는) 읽지 않았습니다. 첫 줄에 필요한 열이 없습니다",
        "시트 '2022' 3행",
        "시트 '2023' 3행",
    ]
