"""The steps of an import and of an analysis, as the worker takes them: one function for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.infra import clock, events, storage
from app.infra.database import Row, fresh, transaction
from app.reviews import intake
from app.reviews.intake import ReviewRow
from app.reviews.models import Analysis, FormerReview, RejectedRow, Review, ReviewImport, StoreApp, WorkState

REJECTED_BATCH = 1000
LOST_KO = "처리하다가 문제가 생겼습니다. 다시 시도해 주세요. 계속되면 작업 목록에서 오류를 확인해 주세요."
LOST_EN = (
    "Something went wrong on the way. Please try again; if it goes on, look up the error in the list of jobs."
)
ALL_LEFT_OUT_KO = "고른 앱의 후기가 모두 홍보로 몰린 때의 것이라 남은 후기가 없습니다. 그 후기까지 넣어서 다시 분석해 주세요."
ALL_LEFT_OUT_EN = (
    "Every review of the chosen apps is from a likely promotion, so that none is left. "
    "Please analyse again with those included."
)


@dataclass(frozen=True)
class Rejection:
    """A row that is no review."""

    line: int
    reason_ko: str
    reason_en: str


def begin_import(import_id: int) -> ReviewImport | None:
    """Say that the file is being read; None if that was finished before."""
    with transaction():
        item = fresh(ReviewImport, import_id)
        if item is None or item.state == WorkState.DONE:
            return None
        item.state, item.finished_at, item.error_ko, item.error_en = WorkState.RUNNING, None, None, None
        events.publish("review_import.begun", item.topic)
    return item


def insert_reviews(import_id: int, rows: Sequence[ReviewRow]) -> None:
    """Write one batch; what is there already, from wherever, is not doubled."""
    intake.take_in(rows, import_id=import_id)


def note_import(import_id: int, *, handled: int, total: int, encoding: str) -> None:
    """Write down how far the import is, for whoever watches."""
    with transaction():
        item = _held(ReviewImport, import_id)
        item.handled, item.total, item.encoding = handled, total, encoding
        item.imported = _own_rows(import_id)
        events.publish("review_import.progress", item.topic)


def finish_import(
    import_id: int,
    *,
    read: int,
    rejected: Sequence[Rejection],
    encoding: str,
    names: dict[str, tuple[str, str]],
) -> None:
    """Count what became of the `read` reviews, keep the rejections, and erase the file (an effect).

    What counts as imported are the rows that carry this import's id, however often a worker died on
    the way: a row written by an earlier attempt is no duplicate.
    """
    session = db.session
    item = _held(ReviewImport, import_id)
    session.execute(delete(RejectedRow).where(RejectedRow.import_id == import_id))
    for start in range(0, len(rejected), REJECTED_BATCH):
        batch = [{"import_id": import_id, **vars(row)} for row in rejected[start : start + REJECTED_BATCH]]
        session.execute(insert(RejectedRow), batch)
    for app, (name_ko, name_en) in sorted(names.items()):
        row = _dialect().insert(StoreApp).values(app=app, name_ko=name_ko, name_en=name_en)
        session.execute(row.on_conflict_do_nothing())
    item.imported = _own_rows(import_id)
    item.duplicate, item.rejected = read - item.imported, len(rejected)
    edits = select(func.count()).select_from(FormerReview).where(FormerReview.import_id == import_id)
    item.edited = session.scalar(edits) or 0
    item.total = item.handled = read + len(rejected)
    item.encoding, item.state, item.finished_at = encoding, WorkState.DONE, clock.now()
    storage.erase(item.object)
    events.publish("review_import.done", item.topic)


def refuse_import(import_id: int, reason_ko: str, reason_en: str) -> None:
    """End an import whose file as a whole cannot be read, and erase the file (an effect)."""
    item = _held(ReviewImport, import_id)
    item.state, item.finished_at = WorkState.FAILED, clock.now()
    item.error_ko, item.error_en = reason_ko, reason_en
    storage.erase(item.object)
    events.publish("review_import.failed", item.topic)


def fail_import(import_id: int) -> None:
    """End an import that failed for good; what it has written so far stays and is counted (an effect)."""
    item = fresh(ReviewImport, import_id)
    if item is None or item.state == WorkState.DONE:
        return
    item.state, item.finished_at, item.imported = WorkState.FAILED, clock.now(), _own_rows(import_id)
    item.error_ko, item.error_en = item.error_ko or LOST_KO, item.error_en or LOST_EN
    events.publish("review_import.failed", item.topic)


def _held(model: type[Row], key: int) -> Row:
    row = fresh(model, key)
    if row is None:
        raise LookupError(f"{model.__tablename__} {key} is gone")
    return row


def _dialect() -> Any:
    # Only the dialects' own INSERT knows ON CONFLICT; both have it under the same name.
    return postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite


def _own_rows(import_id: int) -> int:
    return (
        db.session.scalar(select(func.count()).select_from(Review).where(Review.import_id == import_id)) or 0
    )


def begin_analysis(analysis_id: int) -> Analysis | None:
    """Say that the analysis runs; None if it was finished before."""
    with transaction():
        run = fresh(Analysis, analysis_id)
        if run is None or run.state == WorkState.DONE:
            return None
        run.state, run.stage, run.progress, run.finished_at = WorkState.RUNNING, "read", 0.0, None
        run.error_ko = run.error_en = None
        events.publish("analysis.begun", run.topic)
    return run


def note_analysis(analysis_id: int, stage: str, share: float) -> None:
    """Write down how far the analysis is: a stage's key, and the share of the whole (0–1)."""
    with transaction():
        run = _held(Analysis, analysis_id)
        run.stage, run.progress = stage, max(run.progress, min(share, 1.0))
        events.publish("analysis.progress", run.topic)


def explain_failure(analysis_id: int, reason_ko: str, reason_en: str) -> None:
    """Keep the reason for which an analysis is about to fail for good."""
    with transaction():
        run = _held(Analysis, analysis_id)
        run.error_ko, run.error_en = reason_ko, reason_en


def finish_analysis(
    analysis_id: int, *, report: str, reviews: int, cloud_high: bytes, cloud_low: bytes, index: bytes
) -> None:
    """Keep the report (JSON), both pictures (PNG) and the index (.npz) (an effect)."""
    run = _held(Analysis, analysis_id)
    run.report, run.review_count = report, reviews
    run.cloud_high, run.cloud_low = storage.put(cloud_high, "image/png"), storage.put(cloud_low, "image/png")
    run.index = storage.put(index, "application/octet-stream")
    run.state, run.stage, run.progress, run.finished_at = WorkState.DONE, None, 1.0, clock.now()
    events.publish("analysis.done", run.topic)


def fail_analysis(analysis_id: int) -> None:
    """End an analysis that failed for good (an effect)."""
    run = fresh(Analysis, analysis_id)
    if run is None or run.state == WorkState.DONE:
        return
    run.state, run.finished_at = WorkState.FAILED, clock.now()
    run.error_ko, run.error_en = run.error_ko or LOST_KO, run.error_en or LOST_EN
    events.publish("analysis.failed", run.topic)
