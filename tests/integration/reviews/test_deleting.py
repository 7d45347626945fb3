"""Deleting an import takes what came only with it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.infra.database import transaction
from app.reviews import deleting, service
from app.reviews.models import FormerReview, RejectedRow, Review, ReviewAgain, ReviewImport, WorkState
from tests.factories.collections import Shop, create_collection
from tests.factories.reviews import create_import, create_operator, review_csv, review_row

Work = Callable[[], int]


@pytest.fixture
def app(make_app: Callable[..., Flask], shop: Shop) -> Flask:
    return make_app(app_store_url=shop.url, google_play_url=shop.url)


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator()


def _count(db: Any, model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_what_another_file_or_a_store_has_too_stays(db: Any, operator: User, work: Work, shop: Shop) -> None:
    only, shared = review_row(), review_row()
    sold = review_row(user="사람1", date="2023-02-11 10:00:00-07:00", star=2, title="제목 1", review="내용 1")
    first = create_import(operator, review_csv([only, shared, sold, review_row(star=9)]))
    second = create_import(operator, review_csv([shared, review_row()]))
    work()
    create_collection(operator)
    work()
    assert _count(db, Review) == 9
    assert deleting.consequence(first.id) == deleting.Consequence(going=1, staying=2)
    assert deleting.delete_import(first.id) == deleting.Consequence(going=1, staying=2)
    assert _count(db, Review) == 8
    assert _count(db, RejectedRow) == _count(db, ReviewAgain) == 0
    assert db.session.get(ReviewImport, first.id, populate_existing=True) is None
    assert "review.import_deleted" in set(db.session.scalars(select(AuditEntry.action)))
    assert deleting.consequence(second.id) == deleting.Consequence(going=2, staying=0)
    deleting.delete_import(second.id)
    assert _count(db, Review) == 6
    assert set(db.session.scalars(select(Review.import_id))) == {None}


def test_edits_go_with_their_review_and_stay_with_one_that_stays(db: Any, operator: User, work: Work) -> None:
    header = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW", "STORE", "ID")

    def bring(text: str, date: str) -> ReviewImport:
        row = ["x", date, "3", "0", "제목", text, "appstore", "12345678901"]
        item = create_import(operator, review_csv([row], header))
        work()
        return item

    first, second = bring("처음", "2023-01-01"), bring("나중", "2023-05-01")
    deleting.delete_import(second.id)
    assert (_count(db, Review), _count(db, FormerReview)) == (1, 1)
    assert db.session.scalar(select(Review.text)) == "나중"
    deleting.delete_import(first.id)
    assert (_count(db, Review), _count(db, FormerReview)) == (0, 0)


def test_one_that_waits_is_deleted_with_its_file_and_its_job_finds_nothing(
    db: Any, operator: User, work: Work, storage: Path
) -> None:
    item = create_import(operator, rows=3)
    deleting.delete_import(item.id)
    assert not [path for path in storage.rglob("*") if path.is_file()]
    work()
    assert _count(db, Review) == 0
    assert not service.jobs.failed_jobs()


def test_one_that_is_being_read_is_not_deleted(db: Any, operator: User) -> None:
    item = create_import(operator, rows=3)
    with transaction() as session:
        session.get(ReviewImport, item.id).state = WorkState.RUNNING
    with pytest.raises(deleting.BeingRead):
        deleting.delete_import(item.id)
    assert _count(db, ReviewImport) == 1
