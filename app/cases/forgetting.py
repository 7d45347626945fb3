"""How a draft goes: thrown away by who began it, or by the worker once nobody has touched it for long."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.audit import service as audit
from app.cases import drafts, photos, uploads
from app.cases.draft_rules import rules
from app.cases.models import Case, CaseState
from app.extensions import db
from app.infra import clock
from app.infra.database import transaction

FORGET_DRAFTS = "cases.forget_drafts"
FORGET_UPLOADS = "cases.forget_uploads"
EVERY = timedelta(hours=1)
BATCH = 200
# People are told a day: it must be over before their draft goes.
_DAY_OVER = timedelta(days=1)


def clear(case: Case) -> None:
    """Destroy what was put into a draft: photos, also half-sent ones, place and answers; in the transaction in progress."""
    uploads.drop_all(case)
    for photo in case.photos:
        photos.erase(photo)
    shared = drafts.is_shared(case)
    lesion, case.lesion, case.answers, case.note = case.lesion, None, None, None
    if lesion is not None and not shared:
        db.session.flush()
        db.session.delete(lesion)


def forget_drafts() -> int:
    """Erase the drafts that nobody has touched for too long, some at a time; return how many."""
    untouched = Case.touched_at < clock.now() - rules().keep - _DAY_OVER
    query = select(Case).where(Case.state == CaseState.DRAFT, untouched).order_by(Case.id).limit(BATCH)
    with transaction():
        # Someone who is writing in one right now holds the lock, and so keeps it.
        locked = query.with_for_update(skip_locked=True, of=Case).execution_options(populate_existing=True)
        found = list(db.session.scalars(locked))
        for case in found:
            case.state, case.withdrawn_at = CaseState.WITHDRAWN, clock.now()
            clear(case)
            audit.record("case.forget", case.topic, patient_id=case.patient_id)
    return len(found)
