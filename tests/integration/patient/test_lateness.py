"""Time passes over a case: a stalled analysis holds no doctor up, and a late reading is said to be late, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.cases import jobs as case_jobs
from app.cases import lateness, reading, service
from app.cases.models import Band, Case, CaseState, Prediction, UrgentReason
from app.extensions import db as database
from app.infra import jobs
from app.infra.database import transaction
from app.infra.events import Event
from app.infra.jobs import Job, JobState
from tests.factories.cases import (
    CALM,
    RED_FLAGS,
    create_case,
    create_reader,
    create_sender,
    sign_finding,
    take,
)
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser
from tests.integration.patient.test_status import owner_of

Work = Callable[[], int]


class _Run:
    """An attempt whose lease never ends."""

    def keep_alive(self) -> None:
        """Nothing to renew."""


def stalled_case(clock: FrozenClock, **given: Any) -> Case:
    """Return a case whose analysis does not come to an end; it has been waiting for three hours."""
    case = create_case(state=CaseState.SUBMITTED, **given)
    with transaction() as session:
        never = update(Job).where(Job.kind == "analyse_case").values(run_after=clock.now.replace(year=2099))
        session.execute(never)
    clock.advance(hours=3)
    database.session.rollback()
    return case


def fresh(case: Case) -> Case:
    database.session.rollback()
    found = database.session.get(Case, case.id, populate_existing=True)
    assert found is not None
    return found


def told(case: Case, kind: str) -> int:
    query = select(func.count()).where(Event.topic == case.topic, Event.kind == kind)
    return database.session.scalar(query) or 0


@pytest.mark.parametrize("state", [CaseState.WAITING, CaseState.READING])
def test_a_late_reading_is_told_once_however_often_the_worker_starts_again(
    db: Any, clock: FrozenClock, work: Work, state: CaseState
) -> None:
    case = create_case(state=state)
    clock.advance(hours=23)
    work()
    assert told(case, "case.overdue") == 0
    clock.advance(hours=1, minutes=1)
    database.session.rollback()
    job = database.session.scalar(select(Job).where(Job.kind == lateness.OVERDUE))
    assert job is not None
    assert jobs._claim(job.id, "killed in mid-job") is not None
    clock.advance(minutes=5)  # the dead worker's lease has run out
    assert jobs.run(job.id, "next") == JobState.DONE
    for _ in range(2):
        assert jobs.run(job.id, "and the one after") is None
        clock.advance(hours=24)
        work()
    assert told(case, "case.overdue") == 1


@pytest.mark.parametrize("end", [CaseState.SIGNED, CaseState.WITHDRAWN])
def test_a_case_that_has_come_to_its_end_is_not_called_late(
    db: Any, clock: FrozenClock, work: Work, end: CaseState
) -> None:
    sender, doctor = create_sender(), create_reader()
    case = create_case(sender, state=CaseState.WAITING)
    clock.advance(hours=23)
    if end == CaseState.SIGNED:
        sign_finding(take(case, doctor), doctor)
    else:
        service.withdraw(sender, case.public_id)
    clock.advance(hours=2)
    database.session.rollback()
    work()
    assert (fresh(case).state, told(case, "case.overdue")) == (end, 0)


def test_an_analysis_that_stalls_does_not_keep_a_case_from_the_doctors(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    case = stalled_case(clock, answers=RED_FLAGS)
    work()
    passed = fresh(case)
    assert (passed.state, passed.analysis_failed, passed.band) == (CaseState.WAITING, True, Band.SOON)
    assert (passed.urgent, told(case, "case.urgent")) == (UrgentReason.ANSWERS, 1)
    assert passed.opinion is None
    taken = reading.take_next(create_reader().id)
    assert taken is not None
    assert taken.id == case.id


def test_a_stalled_case_is_counted_and_can_be_taken_even_if_no_worker_lives(
    db: Any, clock: FrozenClock
) -> None:
    case = stalled_case(clock)
    young = create_case(state=CaseState.SUBMITTED)
    assert reading.waiting_count() == 1
    taken = reading.take_next(create_reader().id)
    assert taken is not None
    assert (taken.id, taken.analysis_failed) == (case.id, True)
    assert reading.take_next(create_reader().id) is None
    assert fresh(young).state == CaseState.SUBMITTED


def test_no_case_waits_for_the_model_beyond_the_time_that_its_patient_was_told(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.DRAFT)
    service.submit(sender, case.public_id, reading_hours=1)
    with transaction() as session:
        session.execute(
            update(Job).where(Job.kind == "analyse_case").values(run_after=clock.now.replace(year=2099))
        )
    clock.advance(hours=1, minutes=1)
    database.session.rollback()
    work()
    assert (fresh(case).state, told(case, "case.overdue")) == (CaseState.WAITING, 1)


def test_an_analysis_that_comes_late_joins_a_case_that_still_waits_and_doubles_nothing(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    case = stalled_case(clock, answers=RED_FLAGS)
    effect = case_jobs.analyse_case(_Run(), case_id=case.id)
    work()
    assert effect is not None
    for _ in range(2):
        with transaction():
            effect()
    late = fresh(case)
    assert (late.state, late.analysis_failed, len(late.opinions)) == (CaseState.WAITING, False, 1)
    assert database.session.scalar(select(func.count(Prediction.id))) == 1
    assert told(case, "case.urgent") == 1


def test_an_analysis_that_comes_while_a_doctor_reads_alone_comes_to_nothing(
    db: Any, clock: FrozenClock
) -> None:
    case = stalled_case(clock, answers=CALM)
    effect = case_jobs.analyse_case(_Run(), case_id=case.id)
    doctor = create_reader()
    assert reading.take_next(doctor.id) is not None
    before = fresh(case).analysed_at
    clock.advance(minutes=1)
    assert effect is not None
    with transaction():
        effect()
    held = fresh(case)
    assert (held.state, held.analysed_at, held.opinions) == (CaseState.READING, before, [])
    assert database.session.scalar(select(func.count(Prediction.id))) == 0
    assert case_jobs.analyse_case(_Run(), case_id=case.id) is None
    sign_finding(held, doctor)
    assert fresh(case).finding.agreement == "no_opinion"  # type: ignore[union-attr]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_case_that_is_late_and_not_analysed_does_not_claim_to_be_first_in_line(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    case = stalled_case(clock)
    clock.advance(hours=22)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    assert "판독이 늦어지고 있습니다" in page
    assert "더 기다리지 않고 의사에게 넘깁니다" in page
    assert "먼저 읽을 자리로 옮겼습니다" not in page
