"""What the worker does with reviews. The only place of this room that calls `nlp`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import current_app

from app.infra import clock, jobs, storage
from app.infra.crypto import keyring
from app.infra.database import transaction
from app.infra.jobs import Effect, PermanentFailure, Run
from app.reviews import collecting_steps, corpus, progress, schedules
from app.reviews.collecting import COLLECT_JOB
from app.reviews.intake import ReviewRow
from app.reviews.service import ANALYSIS_JOB, IMPORT_JOB

if TYPE_CHECKING:
    from nlp.reviews import Review

BATCH = 500
TELL_SECONDS = 0.5
TOP = 50
CLOUD_SIZE = (1200, 800)
CLOUD_SEED = 7
READ_END, REPORT_END = 0.05, 0.85
PAUSE, TRIES, PATIENCE = 1.5, 4, 30.0
"""Of the stores' client: a longer wait is not waited for in the worker, but shown to the operator."""
TURN_SECONDS = 60.0
"""For how long a collection keeps one of the worker's threads before it lets others go first."""
LOOK_SECONDS = 2.0
"""How often one that waits looks whether it is still wanted."""


class _Pace:
    """True at most twice a second: watchers need no more, and each telling is a transaction."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self) -> bool:
        if time.monotonic() - self._last < TELL_SECONDS:
            return False
        self._last = time.monotonic()
        return True


@jobs.handler(IMPORT_JOB, on_failure=progress.fail_import)
def import_file(run: Run, *, import_id: int) -> Effect | None:
    """Read one uploaded CSV into the table of reviews."""
    from nlp.apps import name_of
    from nlp.reviews import UnreadableFile, read_file

    item = progress.begin_import(import_id)
    if item is None:
        return None
    try:
        content = storage.get(item.object)
    except storage.ObjectLost as error:
        raise PermanentFailure(f"the uploaded file is lost: {error}") from error
    author_key = keyring().derive("review.author")
    try:
        found = read_file(content, filename=item.filename, author_key=author_key, now=clock.now())
    except UnreadableFile as error:
        reason_ko, reason_en = error.reason_ko, error.reason_en
        return lambda: progress.refuse_import(import_id, reason_ko, reason_en)
    # In one order for everyone, so that imports of the same rows wait for each other and never in a circle.
    # An id counts only with the store that gave it.
    rows = [
        _row(review, review.store_id if review.in_store else "")
        for review in sorted(found.reviews, key=lambda review: review.identity)
    ]
    rejected = [progress.Rejection(r.line, r.reason_ko, r.reason_en) for r in found.rejected]
    total, tell = len(rows) + len(rejected), _Pace()
    for start in range(0, len(rows), BATCH):
        if tell():
            progress.note_import(
                import_id, handled=start + len(rejected), total=total, encoding=found.encoding
            )
        with transaction():
            run.keep_alive()  # whoever has lost the job writes nothing more
            progress.insert_reviews(import_id, rows[start : start + BATCH])
    names = {app: (name_of(app, "ko"), name_of(app, "en")) for app in {row.app for row in rows}}
    return lambda: progress.finish_import(
        import_id, read=len(rows), rejected=rejected, encoding=found.encoding, names=names
    )


def _row(review: Review, store_id: str) -> ReviewRow:
    return ReviewRow(
        app=review.app,
        key=review.key,
        posted_at=review.at,
        star=review.star,
        likes=review.likes,
        author=review.author,
        title=review.title,
        text=review.text,
        store=review.store,
        store_id=store_id,
        version=review.version,
    )


@jobs.handler(ANALYSIS_JOB, on_failure=progress.fail_analysis)
def analyse(run: Run, *, analysis_id: int) -> Effect | None:
    """Build the report over the chosen reviews, both word clouds and the index behind them."""
    from nlp import clouds, report
    from nlp.reviews import Review
    from nlp.tokenize import TokenizerUnavailable, make_tokenizer

    started = progress.begin_analysis(analysis_id)
    if started is None:
        return None
    tell = _teller(run, analysis_id)
    rows = corpus.reviews_of(started.apps)
    reviews = [
        Review(
            row.app,
            row.posted_at,
            row.star,
            row.likes,
            row.title,
            row.text,
            row.author,
            row.store,
            row.store_id,
            row.version,
        )
        for row in rows
    ]
    tell("tokenize", READ_END)
    try:
        tokenizer = make_tokenizer("okt" if started.tokenizer == "okt" else "mecab")
    except TokenizerUnavailable as error:
        progress.explain_failure(analysis_id, error.reason_ko, error.reason_en)
        raise PermanentFailure(error.reason_en) from error
    analysed = report.analyse(
        reviews,
        tokenizer=tokenizer,
        top=TOP,
        without_bursts=started.without_bursts,
        ids=[row.id for row in rows],
        progress=lambda stage, share: tell(stage, READ_END + (REPORT_END - READ_END) * share),
    )
    if not analysed.report.totals.reviews:
        progress.explain_failure(analysis_id, progress.ALL_LEFT_OUT_KO, progress.ALL_LEFT_OUT_EN)
        raise PermanentFailure(progress.ALL_LEFT_OUT_EN)
    tell("clouds", REPORT_END)
    width, height = CLOUD_SIZE
    owner = analysed.report.contrast.owner
    high = clouds.cloud_png(
        owner.high.weights(), width=width, height=height, seed=CLOUD_SEED, polarity="high"
    )
    tell("clouds", (REPORT_END + 1) / 2)
    low = clouds.cloud_png(owner.low.weights(), width=width, height=height, seed=CLOUD_SEED, polarity="low")
    index = analysed.index.to_bytes()
    return lambda: progress.finish_analysis(
        analysis_id,
        report=analysed.report.to_json(),
        reviews=analysed.report.totals.reviews,
        cloud_high=high,
        cloud_low=low,
        index=index,
    )


def _teller(run: Run, analysis_id: int) -> Callable[[str, float], None]:
    pace = _Pace()

    def tell(stage: str, share: float) -> None:
        if pace():
            run.keep_alive()
            progress.note_analysis(analysis_id, stage, share)

    return tell


class _Unwanted(Exception):
    """Somebody wants the collection to end."""


@jobs.handler(COLLECT_JOB, on_failure=collecting_steps.fail)
def collect(run: Run, *, collection_id: int, turn: int) -> Effect | None:
    """Read an app's reviews in a store page by page, each kept together with where to go on."""
    from nlp import stores

    item = collecting_steps.begin(collection_id, turn)
    if item is None:
        return None
    store: stores.StoreName = "appstore" if item.store == "appstore" else "googleplay"
    settings = stores.Settings(
        base_url=_store_url(store),
        pause=PAUSE,
        tries=TRIES,
        patience=PATIENCE,
        sleep=_watchful_sleep(run, collection_id, turn),
    )
    end = time.monotonic() + TURN_SECONDS
    try:
        for batch in stores.collect(
            store,
            item.app,
            cursor=item.cursor,
            author_key=keyring().derive("review.author"),
            settings=settings,
        ):
            rows = [_row(found.review, found.review.store_id) for found in batch.found]
            page = collecting_steps.PageKept(batch.cursor, batch.done, batch.total, batch.capped)
            with transaction():
                run.keep_alive()  # whoever has lost the job keeps nothing more
                going_on = collecting_steps.keep_page(collection_id, turn, rows, page)
            if batch.last:
                break
            if not going_on:
                raise _Unwanted
            if time.monotonic() > end:
                return lambda: collecting_steps.hand_on(collection_id, turn)
    except stores.StoreError as error:
        reasons = {"reason_ko": error.reason_ko, "reason_en": error.reason_en}
        wait = error.retry_after
        return lambda: collecting_steps.refuse(collection_id, turn, retry_after=wait, **reasons)
    except _Unwanted:
        return lambda: collecting_steps.halt(collection_id, turn)
    return lambda: collecting_steps.finish(collection_id, turn)


def _store_url(store: str) -> str | None:
    settings = current_app.extensions["salpim.settings"]
    return (settings.app_store_url if store == "appstore" else settings.google_play_url) or None


def _watchful_sleep(run: Run, collection_id: int, turn: int) -> Callable[[float], None]:
    """Return a way to wait that keeps the job and wakes up when the collection is no longer wanted."""

    def sleep(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            with transaction():
                run.keep_alive()
                if not collecting_steps.wanted(collection_id, turn):
                    raise _Unwanted

    return sleep


@jobs.handler(schedules.START_DUE, every=schedules.EVERY)
def start_due(run: Run) -> Effect:  # noqa: ARG001 - quick: no lease to renew
    """Begin the collections that are due."""
    return schedules.start_due
