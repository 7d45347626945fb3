"""What an operator asks for: files to import, analyses to run, and another try."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.extensions import db
from app.infra import clock, events, jobs, storage
from app.infra.database import fresh, random_id, transaction
from app.reviews import tokenizers
from app.reviews.models import UNDER_WAY, Analysis, Review, ReviewImport, WorkState

IMPORT_JOB = "reviews.import"
ANALYSIS_JOB = "reviews.analyse"
MAX_FILES = 30


class NothingToImport(Exception):
    """No file was given."""


class TooManyFiles(Exception):
    """More files at once than `MAX_FILES`."""


#: Endings of the files that can be read, and what each is kept as.
KINDS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
    ".jsonl": "application/json",
}


class NotReviews(Exception):
    """These files have none of the endings in `KINDS`; `filenames` are theirs. Nothing was taken in."""

    def __init__(self, filenames: Sequence[str]) -> None:
        super().__init__(", ".join(filenames))
        self.filenames = list(filenames)


class NoReviews(Exception):
    """There is not one review to analyse in what was chosen."""


class UnknownTokenizer(Exception):
    """There is no tokenizer of that name on this machine."""


class AnalysisUnderWay(Exception):
    """This operator's last analysis has not ended yet; it is `analysis`."""

    def __init__(self, analysis: Analysis) -> None:
        super().__init__(analysis.public_id)
        self.analysis = analysis


class NotFailed(Exception):
    """Only what failed can be tried again."""


def display_name(filename: str) -> str:
    """Return the last part of a path as it may be stored and shown: one line, at most 200 characters."""
    last = re.split(r"[\\/]", filename)[-1]
    # A Mac sends 굿닥 as five jamo; and nothing invisible may pretend to be another name.
    clean = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    ).strip()
    if len(clean) <= 200:
        return clean
    ending = next((ending for ending in KINDS if clean.lower().endswith(ending)), "")
    return f"{clean[: 199 - len(ending)]}…{ending}"


def _kind(name: str) -> str | None:
    return next((kind for ending, kind in KINDS.items() if name.lower().endswith(ending)), None)


def import_files(user_id: int, files: Sequence[tuple[str, bytes]]) -> list[ReviewImport]:
    """Keep the files (name and content of each) encrypted, and have the worker read them.

    All or none: raises `NothingToImport`, `TooManyFiles` or `NotReviews` without having kept any.
    """
    named = [(display_name(name), content) for name, content in files]
    if not named:
        raise NothingToImport
    if len(named) > MAX_FILES:
        raise TooManyFiles
    others = [name for name, _ in named if _kind(name) is None]
    if others:
        raise NotReviews(others)
    made = []
    with transaction() as session:
        for name, content in named:
            item = ReviewImport(
                public_id=random_id(), filename=name, created_by_id=user_id, created_at=clock.now()
            )
            item.object = storage.put(content, _kind(name) or "text/csv")
            session.add(item)
            session.flush()
            jobs.enqueue(IMPORT_JOB, dedupe_key=item.public_id, import_id=item.id)
            audit.record("review.import", item.topic)
            made.append(item)
    return made


def retry_import(import_id: int) -> ReviewImport:
    """Read the file of an import that failed once more; raise `NotFailed` where that cannot help."""
    with transaction():
        item = fresh(ReviewImport, import_id)
        if (
            item is None
            or item.state != WorkState.FAILED
            or not _again(IMPORT_JOB, item.public_id, import_id=item.id)
        ):
            raise NotFailed
        item.state, item.error_ko, item.error_en, item.finished_at = WorkState.QUEUED, None, None, None
        events.publish("review_import.queued", item.topic)
    return item


def start_analysis(
    user_id: int, apps: Sequence[str], tokenizer: str = "mecab", *, without_bursts: bool = False
) -> Analysis:
    """Have the worker analyse the reviews of `apps` (store ids; none means all of them).

    `without_bursts` leaves out the reviews of likely promotions.

    Raises `UnknownTokenizer`, `NoReviews`, or `AnalysisUnderWay`: one at a time for each operator.
    """
    if tokenizer not in tokenizers.available():
        raise UnknownTokenizer
    chosen = sorted(set(apps))
    try:
        with transaction() as session:
            at_work = _under_way(user_id)
            if at_work is not None:
                raise AnalysisUnderWay(at_work)
            some = select(Review.id).where(Review.app.in_(chosen)) if chosen else select(Review.id)
            if session.scalar(some.limit(1)) is None:
                raise NoReviews
            run = Analysis(public_id=random_id(), apps=chosen, tokenizer=tokenizer, created_by_id=user_id)
            run.without_bursts, run.created_at = without_bursts, clock.now()
            session.add(run)
            session.flush()
            jobs.enqueue(ANALYSIS_JOB, dedupe_key=run.public_id, analysis_id=run.id)
            audit.record("analysis.start", run.topic)
            return run
    except IntegrityError:
        # Two requests at once: the unique index let one of them through.
        first = _under_way(user_id)
        if first is None:
            raise
        raise AnalysisUnderWay(first) from None


def retry_analysis(analysis_id: int) -> Analysis:
    """Run an analysis that failed once more; raise `NotFailed` or `AnalysisUnderWay`."""
    with transaction():
        run = fresh(Analysis, analysis_id)
        if run is None or run.state != WorkState.FAILED:
            raise NotFailed
        at_work = _under_way(run.created_by_id)
        if at_work is not None:
            raise AnalysisUnderWay(at_work)
        if not _again(ANALYSIS_JOB, run.public_id, analysis_id=run.id):
            raise NotFailed
        run.state, run.stage, run.progress = WorkState.QUEUED, None, 0.0
        run.error_ko = run.error_en = run.finished_at = None
        events.publish("analysis.queued", run.topic)
    return run


def _under_way(user_id: int) -> Analysis | None:
    mine = select(Analysis).where(Analysis.created_by_id == user_id, Analysis.state.in_(UNDER_WAY))
    return db.session.scalar(mine)


def _again(kind: str, key: str, **arguments: Any) -> bool:
    job_id = db.session.scalar(select(jobs.Job.id).where(jobs.Job.kind == kind, jobs.Job.dedupe_key == key))
    if job_id is not None:
        return jobs.retry(job_id)
    jobs.enqueue(kind, dedupe_key=key, **arguments)  # it failed so long ago that its job is forgotten
    return True
