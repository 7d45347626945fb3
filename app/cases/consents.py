"""What becomes of the cases that no doctor has signed once the patient takes a consent back.

`accounts` tells of it by an event, and a job does what follows. Whoever works on a case asks as well
(`stands` in the queries of the queue, `has_consent` before an analysis, a reading, the reveal), so that
nothing is done without the consent while that job is still to come.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts.models import ConsentKind
from app.cases import analysis, service
from app.cases.models import Case, CaseState
from app.extensions import db
from app.infra.events import Event

WITHDRAWN = "consent.withdrawn"
UNSIGNED = (CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING)


def follow_withdrawal(event_id: int) -> None:
    """Do what a withdrawn consent calls for, in the transaction in progress (an effect).

    Health data: the cases are taken back. AI notice: they go on without the model. What was sent after the
    withdrawal rests on a new consent, and drafts cannot be sent without one: both are left alone.
    """
    event = db.session.get(Event, event_id)
    if event is None:
        return
    kind, patient_id = event.payload["consent"], event.payload["patient_id"]
    if kind == ConsentKind.HEALTH_DATA:
        for case in _sent_before(patient_id, event.at):
            service.take_back(case)
    elif kind == ConsentKind.AI_NOTICE:
        for case in _sent_before(patient_id, event.at):
            if not _seen_by_its_doctor(case):
                analysis.leave_out(case)


def _sent_before(patient_id: int, moment: datetime) -> list[Case]:
    query = (
        select(Case)
        .where(Case.patient_id == patient_id, Case.state.in_(UNSIGNED), Case.submitted_at <= moment)
        .order_by(Case.id)
        .with_for_update(of=Case)
    )
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _seen_by_its_doctor(case: Case) -> bool:
    return case.state == CaseState.READING and any(
        read.doctor_id == case.doctor_id and read.revealed_at is not None for read in case.first_reads
    )
