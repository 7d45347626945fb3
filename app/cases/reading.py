"""A doctor takes the next case, reads it alone, and only then sees what the model said.

The queue has two bands and one way in: `take_next`. A case stands in the soon band because of its
answers, the model or its waiting time; within a band only the time of sending counts, and a case that
has waited `soon_after_hours` (triage.toml) counts as soon whatever it is about, so nothing starves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import case as sql_case
from sqlalchemy import exists, func, select

from app.accounts import service as accounts
from app.accounts.models import ConsentKind, DoctorProfile
from app.audit import service as audit
from app.cases import analysis, diagnoses, lateness, triage
from app.cases.errors import CaseError, NoSuchCase
from app.cases.models import Case, CaseState, FirstRead
from app.cases.policy import MAY_BE_READ
from app.cases.reading_models import HandedBack, ReturnReason
from app.cases.reading_rules import rules
from app.extensions import db
from app.infra import clock, events, jobs
from app.infra.database import fresh, transaction

CONFIDENCES = ("sure", "likely", "unsure")
EXPIRE = "cases.hold_expires"
NOTE_LIMIT = 2000


class HandsFull(CaseError):
    """The doctor has as many unsigned cases in hand as allowed."""


class NotInHand(CaseError):
    """The case is not, or no longer, in this doctor's hand (withdrawn, its consent too; returned, signed)."""


class ReadFirst(CaseError):
    """What comes next needs the doctor's own first reading."""


class BadReading(CaseError):
    """A first reading with a field that is not on offer; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def waiting_count() -> int:
    """Return how many cases wait, those held too long or not analysed in time among them.

    Never by band: a doctor who sees a band shrink by the case just taken knows what the model said of it.
    """
    overdue = (Case.state == CaseState.READING) & (Case.taken_at < clock.now() - rules().hold)
    waiting = ((Case.state == CaseState.WAITING) | overdue | lateness.stalled()) & MAY_BE_READ
    return db.session.scalar(select(func.count()).select_from(Case).where(waiting)) or 0


def in_hand(doctor_id: int) -> list[Case]:
    """Return the unsigned cases of a doctor, in the order in which they were taken."""
    query = select(Case).where(Case.doctor_id == doctor_id, Case.state == CaseState.READING, MAY_BE_READ)
    return list(db.session.scalars(query.order_by(Case.taken_at, Case.id)))


def take_next(doctor_id: int) -> Case | None:
    """Give the doctor the next case of the queue; None if nothing waits. Each case has one doctor.

    Cases that this doctor has given back before come after all others. Raises `HandsFull`.
    """
    with transaction():
        if fresh(DoctorProfile, doctor_id) is None:  # the lock makes a doctor's own requests take turns
            raise NotInHand
        release_overdue()
        lateness.pass_on()
        held = select(func.count()).where(Case.doctor_id == doctor_id, Case.state == CaseState.READING)
        if (db.session.scalar(held) or 0) >= rules().hold_limit:
            raise HandsFull
        case = _next(doctor_id)
        if case is None:
            return None
        case.state, case.doctor_id, case.taken_at = CaseState.READING, doctor_id, clock.now()
        audit.record("case.taken", case.topic, patient_id=case.patient_id)
        events.publish("case.taken", case.topic, case_id=case.id)
        # A little later than the limit, so that the case is overdue when the job looks at it.
        key = f"{case.id}:{case.taken_at.timestamp():.6f}"
        jobs.enqueue(EXPIRE, dedupe_key=key, delay=rules().hold + timedelta(seconds=5), case_id=case.id)
    return case


def _next(doctor_id: int) -> Case | None:
    given_back = exists().where(HandedBack.case_id == Case.id, HandedBack.doctor_id == doctor_id)
    query = (
        select(Case)
        .where(Case.state == CaseState.WAITING, MAY_BE_READ)
        .order_by(sql_case((given_back, 1), else_=0), *triage.queue_order(clock.now()))
        .limit(1)
        .with_for_update(skip_locked=True, of=Case)
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(query)


def put_back(case_id: int, doctor_id: int) -> None:
    """Return a case to the queue, at its old place. Raises `NotInHand`."""
    with transaction():
        _release(held_case(case_id, doctor_id), ReturnReason.PUT_BACK)


def release_overdue(case_id: int | None = None) -> int:
    """Return to the queue what was held too long (or only one such case); returns how many."""
    late = (Case.state == CaseState.READING) & (Case.taken_at < clock.now() - rules().hold)
    query = select(Case).where(late, *([Case.id == case_id] if case_id is not None else []))
    with transaction():
        # Someone who is signing right now holds the lock, and so keeps the case.
        locked = query.with_for_update(skip_locked=True, of=Case).execution_options(populate_existing=True)
        found = list(db.session.scalars(locked))
        for case in found:
            _release(case, ReturnReason.OVERDUE)
    return len(found)


def _release(case: Case, reason: ReturnReason) -> None:
    assert case.doctor_id is not None
    db.session.add(HandedBack(case_id=case.id, doctor_id=case.doctor_id, reason=reason, at=clock.now()))
    case.state, case.doctor_id, case.taken_at = CaseState.WAITING, None, None
    audit.record(f"case.returned.{reason}", case.topic, patient_id=case.patient_id)
    events.publish("case.returned", case.topic, case_id=case.id)


def held_case(case_id: int, doctor_id: int) -> Case:
    """Return a case that the doctor has in hand, locked; call it inside a transaction. Raises `NotInHand`."""
    case = fresh(Case, case_id)
    if case is None:
        raise NoSuchCase
    if case.state != CaseState.READING or case.doctor_id != doctor_id or not may_be_read(case):
        raise NotInHand
    return case


def may_be_read(case: Case) -> bool:
    """True while the patient agrees that their health data are worked on."""
    agreed = accounts.has_consent(ConsentKind.HEALTH_DATA, case.patient_id)
    return agreed and case.patient.erased_at is None


def first_read_of(case_id: int, doctor_id: int) -> FirstRead | None:
    """Return this doctor's own first reading of a case, None if there is none yet."""
    query = select(FirstRead).where(FirstRead.case_id == case_id, FirstRead.doctor_id == doctor_id)
    return db.session.scalar(query)


def store_first_read(
    case_id: int, doctor_id: int, *, diagnosis: str, confidence: str, note: str | None = None
) -> FirstRead:
    """Store what the doctor reads from the photos alone. It is stored once: sent again, it stays as it is.

    Raises `NotInHand`, and `BadReading` for a diagnosis or confidence that is not on offer.
    """
    if not diagnoses.known(diagnosis):
        raise BadReading("diagnosis")
    if confidence not in CONFIDENCES:
        raise BadReading("confidence")
    if note is not None and len(note) > NOTE_LIMIT:
        raise BadReading("note")
    with transaction() as session:
        case = held_case(case_id, doctor_id)
        standing = first_read_of(case_id, doctor_id)
        if standing is not None:
            return standing
        values: dict[str, Any] = {"diagnosis": diagnosis, "confidence": confidence, "note": note or None}
        read = FirstRead(case_id=case_id, doctor_id=doctor_id, created_at=clock.now(), **values)
        session.add(read)
        session.flush()
        audit.record("first_read.stored", case.topic, patient_id=case.patient_id)
    return read


def reveal(case_id: int, doctor_id: int) -> FirstRead:
    """Record that the doctor, having read alone, now sees the model's opinion. Raises `ReadFirst`, `NotInHand`.

    If the patient has taken the AI notice back, there is none to be seen from now on.
    """
    with transaction():
        case = held_case(case_id, doctor_id)
        standing = first_read_of(case_id, doctor_id)
        if standing is None:
            raise ReadFirst
        read = fresh(FirstRead, standing.id)
        assert read is not None
        if read.revealed_at is None:
            if not accounts.has_consent(ConsentKind.AI_NOTICE, case.patient_id):
                analysis.leave_out(case)
            read.revealed_at = clock.now()
            audit.record("opinion.revealed", case.topic, patient_id=case.patient_id)
    return read
