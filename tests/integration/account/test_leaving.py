"""Leaving: a wish that can be taken back, then everything goes that may go, and the rest is seen by nobody."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import keeping, leaving, service
from app.accounts.errors import NotYours, TooLateToStay
from app.accounts.holdings import kept_of
from app.accounts.models import Departure, OneTimeCode, Patient, User
from app.accounts.policy import visible_patients
from app.audit import service as audit
from app.cases import drafts, own_data, policy, reading, signing
from app.cases.models import Case, CaseOpinion, CaseState, ExpiredCase, Finding, FirstRead, Prediction
from app.consultations.agenda import agenda
from app.consultations.models import BookingState
from app.infra import storage as objects
from app.infra import tidying
from app.infra.database import transaction
from app.infra.jobs import Job, JobState, PermanentFailure, ask_for_regular
from app.notifications.models import Notice
from tests.factories.accounts import create_child, create_doctor, create_patient
from tests.factories.cases import create_case, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock

Work = Callable[[], int]
WAIT = keeping.wait() + timedelta(minutes=1)


def own(user: User) -> Patient:
    assert user.patient is not None
    return user.patient


def erase(user: User, patient: Patient, clock: FrozenClock, work: Work) -> None:
    """Wish it, wait, and let the worker do it."""
    from app.extensions import db
    from app.infra import jobs

    leaving.ask(user, patient)
    clock.advance(seconds=WAIT.total_seconds())
    jobs.ask_for_regular()
    work()
    db.session.rollback()
    db.session.expire_all()


def count(db: Any, model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_wish_alone_changes_nothing_and_can_be_taken_back(
    db: Any, clock: FrozenClock, work: Work, sms: Any
) -> None:
    user = create_sender()
    case = create_case(user, state=CaseState.WAITING)
    first = leaving.ask(user, own(user))
    assert leaving.ask(user, own(user)).id == first.id, "asked twice, it is one wish"
    assert any("지웁니다" in told["body"] for told in sms())
    clock.advance(days=6)
    assert leaving.cancel(user, own(user))
    assert not leaving.cancel(user, own(user))
    assert any("지우기를 그만두셨습니다" in told["body"] for told in sms())
    clock.advance(days=30)
    assert leaving.due() == []
    db.session.refresh(case)
    assert case.state == CaseState.WAITING


def test_what_nobody_has_read_is_destroyed_and_what_a_doctor_wrote_is_hidden(
    db: Any, clock: FrozenClock, work: Work, storage: Path
) -> None:
    user, doctor = create_sender(), create_doctor()
    draft = create_case(user, state=CaseState.DRAFT)
    waiting = create_case(user, state=CaseState.WAITING)
    begun = create_case(user, state=CaseState.READING, doctor=doctor)
    reading.store_first_read(begun.id, doctor.id, diagnosis="nv", confidence="likely")
    signed = create_case(user, doctor=doctor)
    work()
    erase(user, own(user), clock, work)
    for case in (draft, waiting):
        assert (case.state, case.answers, case.lesion_id) == (CaseState.WITHDRAWN, None, None)
        for photo in case.photos:
            assert photo.object.wrapped_key is None
            assert photo.thumbnail.wrapped_key is None
        assert case.opinions == []
    for case in (begun, signed):
        assert case.state == CaseState.RESTRICTED
        assert objects.get(case.photos[0].object)
    assert signing.is_genuine(signed.findings[0])
    for person in (user, doctor):
        assert db.session.scalars(policy.visible_cases(person)).all() == []
        assert db.session.scalars(policy.visible_photos(person)).all() == []
    kept_files = [path for path in storage.rglob("*") if path.is_file()]
    readable = select(func.count()).where(objects.StoredObject.wrapped_key.is_not(None))
    assert len(kept_files) == db.session.scalar(readable)


def test_the_account_is_empty_and_its_number_free_again(
    db: Any, clock: FrozenClock, work: Work, sms: Any
) -> None:
    user = create_sender(password="kein Mond ueber Gwangju")
    mobile, name = str(user.mobile), user.name
    create_case(user, state=CaseState.WAITING)
    sms()
    assert count(db, Notice) > 0
    erase(user, own(user), clock, work)
    assert (user.name, user.mobile, user.password, user.active) == ("", None, None, False)
    assert own(user).name == ""
    assert own(user).birth_date is None
    assert count(db, Notice) == 0
    assert count(db, OneTimeCode) == 0
    assert "탈퇴" in sms()[-1]["body"]
    assert sms()[-1]["to"] == mobile
    assert all(state.withdrawn_at is not None for state in service.consents_of(user, own(user)))
    again = create_patient(mobile=mobile, name=name)
    assert again.id != user.id


def test_bookings_to_come_are_cancelled_and_held_ones_kept_out_of_sight(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    user, doctor = create_sender(), create_doctor()
    create_pattern(doctor)
    held = create_booking(user, doctor)
    clock.advance(days=14)
    ahead = create_booking(user, doctor)
    leaving.ask(user, own(user))
    with transaction():
        departure = db.session.scalars(select(Departure)).one()
        departure.due_at = clock.now
    assert leaving.begin(departure.id)
    work()
    db.session.rollback()
    db.session.expire_all()
    assert ahead.state == BookingState.CANCELLED
    assert held.state == BookingState.BOOKED
    day = held.starts_at.date()
    assert agenda(doctor.id, day, 2) == {}
    told = db.session.scalars(select(Notice).where(Notice.user_id == doctor.id)).all()
    assert [n.kind for n in told].count("booking_cancelled") == 1
    assert own(user).name, "a chart says whose it is"
    [kept] = kept_of(own(user).id)
    assert kept.until.year == held.ends_at.year + 10


def test_after_the_legal_period_the_rest_goes_too(db: Any, clock: FrozenClock, work: Work) -> None:
    user = create_sender()
    case = create_case(user)
    erase(user, own(user), clock, work)
    [kept] = kept_of(own(user).id)
    assert kept.until == keeping.kept_until("finding", case.findings[0].signed_at)
    clock.set(kept.until - timedelta(seconds=1))
    assert leaving.let_go() == 0
    assert own(user).name
    clock.set(kept.until)
    assert leaving.let_go() == 1
    db.session.rollback()
    db.session.expire_all()
    for model in (Finding, FirstRead, CaseOpinion, Prediction, ExpiredCase):
        assert count(db, model) == 0, model
    assert own(user).name == ""
    assert case.answers is None
    assert case.photos[0].object.wrapped_key is None
    assert leaving.let_go() == 0


def test_the_database_lets_no_finding_go_before(db: Any, clock: FrozenClock, work: Work) -> None:
    from sqlalchemy import delete
    from sqlalchemy.exc import DatabaseError

    user = create_sender()
    create_case(user)
    erase(user, own(user), clock, work)
    with pytest.raises(DatabaseError, match="never changes"), transaction() as session:
        session.execute(delete(Finding))
    assert count(db, Finding) == 1


def test_an_erasing_that_was_cut_short_goes_on(
    db: Any, clock: FrozenClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = create_sender()
    cases = [create_case(user, state=CaseState.WAITING) for _ in range(3)]
    done: list[int] = []
    step = own_data._erase_or_restrict

    def dies_at_the_second(session: Any, case: Case) -> None:
        if len(done) == 1:
            done.append(0)
            raise RuntimeError("the power went")
        step(session, case)
        done.append(case.id)

    monkeypatch.setattr(own_data, "_erase_or_restrict", dies_at_the_second)
    erase(user, own(user), clock, work)
    assert [case.state for case in cases].count(CaseState.WITHDRAWN) == 1, "the first is done and stays done"
    assert user.mobile is not None, "the account goes last"
    assert not user.active
    clock.advance(minutes=15)
    work()
    db.session.rollback()
    db.session.expire_all()
    assert [case.answers for case in cases] == [None] * 3
    assert user.mobile is None


def test_the_last_message_s_address_is_kept_nowhere_once_it_is_sent(
    db: Any, clock: FrozenClock, work: Work, sms: Any
) -> None:
    user = create_sender()
    erase(user, own(user), clock, work)
    assert "탈퇴" in sms()[-1]["body"]
    told = db.session.scalars(select(Job).where(Job.kind == leaving.TELL_GONE)).one()
    assert (told.state, told.arguments) == (JobState.DONE, {})


def test_an_erasing_that_was_given_up_is_asked_for_again_once_its_job_is_forgotten(
    db: Any, clock: FrozenClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = create_sender()

    def breaks(*_given: Any) -> None:
        raise PermanentFailure("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(own_data, "_erase_or_restrict", breaks)
        create_case(user, state=CaseState.WAITING)
        erase(user, own(user), clock, work)
    for days in (1, tidying.KEEP.days):
        assert not user.active
        assert user.mobile is not None, "an operator looks at it meanwhile"
        clock.advance(days=days)
        ask_for_regular()
        work()
    clock.advance(hours=1)
    ask_for_regular()
    work()
    db.session.rollback()
    db.session.expire_all()
    assert user.mobile is None


def test_a_child_goes_along_unless_another_guardian_acts_for_it(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    from app.accounts.models import Guardianship

    mother, father = create_sender(), create_sender()
    alone, shared = create_child(mother), create_child(mother)
    with transaction() as session:
        session.add(
            Guardianship(guardian_id=father.id, patient_id=shared.id, relation="father", started_at=clock.now)
        )
    assert [(w.patient.id, w.stays) for w in leaving.wards_of(mother)] == [
        (alone.id, False),
        (shared.id, True),
    ]
    erase(mother, own(mother), clock, work)
    assert alone.erased_at is not None
    assert alone.name == ""
    assert shared.erased_at is None
    assert service.has_consent(service.texts()["health_data"].kind, shared.id)  # type: ignore[index]
    assert [p.id for p in db.session.scalars(visible_patients(father).order_by(Patient.id))] == [
        own(father).id,
        shared.id,
    ]


def test_a_guardian_erases_a_child_and_keeps_the_account(db: Any, clock: FrozenClock, work: Work) -> None:
    mother = create_sender()
    child = create_child(mother)
    case = create_case(mother, patient=child, state=CaseState.WAITING)
    erase(mother, child, clock, work)
    assert case.state == CaseState.WITHDRAWN
    assert service.dependents_of(mother) == []
    assert mother.active
    assert mother.mobile is not None


def test_nobody_asks_for_a_stranger_or_for_someone_who_decides_alone(db: Any, clock: FrozenClock) -> None:
    mother, stranger = create_sender(), create_sender()
    child = create_child(mother)
    with pytest.raises(NotYours):
        leaving.ask(stranger, child)
    clock.set(clock.now.replace(year=2033))
    with pytest.raises(NotYours):
        leaving.ask(mother, child)


def test_nothing_new_is_begun_for_who_is_being_erased(db: Any, clock: FrozenClock) -> None:
    from app.cases.errors import NoSuchCase

    user = create_sender()
    departure = leaving.ask(user, own(user))
    clock.advance(seconds=WAIT.total_seconds())
    assert leaving.begin(departure.id)
    assert not leaving.begin(departure.id)
    with pytest.raises(TooLateToStay):
        leaving.cancel(user, own(user))
    with pytest.raises(NoSuchCase):
        drafts.open_draft(user, own(user).id, drafts.new_form_key())


def test_asked_and_cancelled_at_once_there_is_one_wish(app: Flask, db: Any) -> None:
    user = create_sender()
    user_id, patient_id = user.id, own(user).id
    db.session.rollback()
    faults: list[BaseException] = []

    def ask() -> None:
        from app.extensions import db as mine

        with app.app_context():
            try:
                leaving.ask(mine.session.get(User, user_id), mine.session.get(Patient, patient_id))
            except BaseException as error:  # noqa: BLE001 - told to the test
                faults.append(error)
            finally:
                mine.session.remove()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert count(db, Departure) == 1


def test_the_audit_log_stays_whole_and_names_nobody(db: Any, clock: FrozenClock, work: Work) -> None:
    user = create_sender()
    create_case(user)
    erase(user, own(user), clock, work)
    _end, fault = audit.verify()
    assert fault is None
    from app.audit.models import AuditEntry

    targets = " ".join(db.session.scalars(select(AuditEntry.target)))
    assert not re.search("[가-힣]", targets)


def test_years_are_counted_to_the_day() -> None:
    from datetime import UTC, datetime

    leap = datetime(2028, 2, 29, 3, tzinfo=UTC)
    assert keeping.kept_until("finding", leap) == datetime(2033, 3, 1, 3, tzinfo=UTC)
    assert keeping.kept_until("consultation", leap) == datetime(2038, 3, 1, 3, tzinfo=UTC)
