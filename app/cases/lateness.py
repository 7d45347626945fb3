"""What time does to a case that was sent: an analysis that stalls holds nobody up, and a late reading is owned up to."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, select

from app.cases import analysis
from app.cases.models import Case, CaseState
from app.cases.reading_rules import rules
from app.extensions import db
from app.infra import clock, events, jobs
from app.infra.database import fresh, transaction

PASS_ON = "cases.pass_on"  # noqa: S105 - the name of a job, no password
OVERDUE = "cases.overdue"
UNREAD = (CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING)
# A little later than the limit, so that it has passed when the job looks at the case.
_AFTER = timedelta(seconds=5)


def watch(case: Case) -> None:
    """Ask for both looks at a case that is being sent, in the transaction in progress."""
    assert case.submitted_at is not None
    assert case.read_by is not None
    until_read = case.read_by - case.submitted_at
    until_passed_on = min(rules().analysis_patience, until_read)
    for kind, delay in ((PASS_ON, until_passed_on), (OVERDUE, until_read)):
        jobs.enqueue(kind, dedupe_key=case.public_id, delay=delay + _AFTER, case_id=case.id)


def is_overdue(case: Case) -> bool:
    """True if no doctor has read the case within the time that the patient was told."""
    return case.state in UNREAD and case.read_by is not None and case.read_by < clock.now()


def stalled() -> ColumnElement[bool]:
    """Say of a case in a query that its analysis has taken longer than anyone should wait for it."""
    moment = clock.now()
    waited = (Case.submitted_at < moment - rules().analysis_patience) | (Case.read_by < moment)
    return (Case.state == CaseState.SUBMITTED) & waited


def pass_on(case_id: int | None = None) -> int:
    """Give the doctors what the model has not looked at in time (or only one such case); returns how many.

    A late analysis still joins its case while that waits in the queue; once a doctor has it, it comes to nothing.
    """
    query = select(Case).where(stalled(), *([Case.id == case_id] if case_id is not None else []))
    with transaction():
        # An analysis that is being stored right now holds the lock, and so comes in time.
        locked = query.with_for_update(skip_locked=True, of=Case).execution_options(populate_existing=True)
        found = list(db.session.scalars(locked))
        for case in found:
            analysis.give_up(case.id)
    return len(found)


def tell_overdue(case_id: int) -> None:
    """Let it be known that a case is late, if it still is (an effect)."""
    case = fresh(Case, case_id)
    if case is not None and is_overdue(case):
        events.publish("case.overdue", case.topic, case=case.public_id)
