"""What the worker does with reviews. The only place of this room that calls `nlp`."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.infra import jobs, storage
from app.infra.crypto import keyring
from app.infra.database import transaction
from app.infra.jobs import Effect, PermanentFailure, Run
from app.reviews import corpus, progress
from app.reviews.service import ANALYSIS_JOB, IMPORT_JOB

BATCH = 500
TELL_SECONDS = 0.5
TOP = 50
CLOUD_SIZE = (1200, 800)
CLOUD_SEED = 7
READ_END, REPORT_END = 0.05, 0.85


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
        found = read_file(content, filename=item.filename, author_key=author_key)
    except UnreadableFile as error:
        reason_ko, reason_en = error.reason_ko, error.reason_en
        return lambda: progress.refuse_import(import_id, reason_ko, reason_en)
    # In one order for everyone, so that imports of the same rows wait for each other and never in a circle.
    rows = [
        progress.ReviewRow(r.app, r.key, r.at, r.star, r.likes, r.author, r.title, r.text)
        for r in sorted(found.reviews, key=lambda review: review.identity)
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
        Review(row.app, row.posted_at, row.star, row.likes, row.title, row.text, row.author) for row in rows
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
        ids=[row.id for row in rows],
        progress=lambda stage, share: tell(stage, READ_END + (REPORT_END - READ_END) * share),
    )
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
        reviews=len(reviews),
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
