"""Taking a consent back reaches the cases and bookings that rest on it, and at once, before the worker follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.accounts import service as accounts
from app.accounts.models import ConsentKind, User
from app.audit.models import AuditEntry
from app.cases import jobs as case_jobs
from app.cases import policy, reading, reading_policy, reading_views, service, signing
from app.cases.errors import NotReady
from app.cases.models import Agreement, Case, CaseOpinion, CaseState, Prediction, UrgentReason
from app.consultations import service as consultations
from app.consultations.models import BookingState
from app.extensions import db as database
from app.infra import jobs, storage
from app.infra.database import transaction
from app.infra.events import Event
from tests.factories.accounts import sign_in
from tests.factories.cases import CALM, WORRYING, create_case, create_reader, create_sender, sign_finding
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser

HEALTH, AI, TELEMEDICINE = ConsentKind.HEALTH_DATA, ConsentKind.AI_NOTICE, ConsentKind.TELEMEDICINE
OPEN = (CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING)


@pytest.fixture
def sender(db: Any) -> User:
    return create_sender()


@pytest.fixture
def doctor(db: Any) -> User:
    return create_reader()


class _Run:
    """An attempt whose lease never ends."""

    def keep_alive(self) -> None:
        """Nothing to renew."""


def take_back(user: User, kind: ConsentKind) -> None:
    assert user.patient is not None
    accounts.withdraw_consent(user, user.patient, kind)


def agree(user: User, *kinds: ConsentKind) -> None:
    assert user.patient is not None
    accounts.give_consents(user, user.patient, kinds)


def fresh(case: Case) -> Case:
    found = database.session.get(Case, case.id, populate_existing=True)
    assert found is not None
    return found


def count(model: type[Any]) -> int:
    return database.session.scalar(database.select(database.func.count()).select_from(model)) or 0


# ── Health data ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", OPEN)
def test_without_health_data_what_nobody_signed_is_taken_back_as_by_the_patient(
    sender: User, doctor: User, state: CaseState, work: Callable[[], int]
) -> None:
    case = create_case(sender, state=state, doctor=doctor)
    take_back(sender, HEALTH)
    work()
    case = fresh(case)
    assert case.state == CaseState.WITHDRAWN
    assert case.withdrawn_at is not None
    with pytest.raises(storage.ObjectLost):
        storage.get(case.photos[0].object)
    recorded = database.select(AuditEntry).where(AuditEntry.action == "case.withdraw")
    (entry,) = database.session.scalars(recorded.where(AuditEntry.target == case.topic))
    assert entry.patient_id == case.patient_id


def test_what_a_doctor_has_written_is_kept_with_its_photos(
    sender: User, doctor: User, work: Callable[[], int]
) -> None:
    case = create_case(sender, state=CaseState.READING, doctor=doctor)
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")
    take_back(sender, HEALTH)
    work()
    case = fresh(case)
    assert case.state == CaseState.WITHDRAWN
    assert storage.get(case.photos[0].object)


def test_signed_findings_drafts_and_other_people_s_cases_stay(
    sender: User, doctor: User, work: Callable[[], int]
) -> None:
    signed = create_case(sender, doctor=doctor)
    draft = create_case(sender, state=CaseState.DRAFT)
    other = create_case(state=CaseState.WAITING)
    take_back(sender, HEALTH)
    work()
    assert [fresh(c).state for c in (signed, draft, other)] == ["signed", "draft", "waiting"]
    assert database.session.scalar(policy.visible_cases(doctor).where(Case.id == signed.id)) is not None
    with pytest.raises(NotReady):
        service.submit(sender, draft.public_id, reading_hours=24)


def test_before_the_worker_follows_no_doctor_gets_the_case(sender: User, doctor: User) -> None:
    create_case(sender, state=CaseState.WAITING)
    take_back(sender, HEALTH)
    assert reading.waiting_count() == 0
    assert reading.take_next(doctor.id) is None


def test_before_the_worker_follows_the_doctor_who_has_it_goes_no_further(
    app: Flask, sender: User, doctor: User
) -> None:
    unread = create_case(sender, state=CaseState.READING, doctor=doctor)
    written = create_case(sender, state=CaseState.READING, doctor=doctor)
    reading.store_first_read(written.id, doctor.id, diagnosis="nv", confidence="sure")
    reading.reveal(written.id, doctor.id)
    draft = signing.Draft(diagnosis="nv", advice="석 달 뒤에 다시 찍어 주세요.", next_step="watch")
    signing.save_draft(written.id, doctor.id, draft)
    take_back(sender, HEALTH)
    with pytest.raises(reading.NotInHand):
        reading.store_first_read(unread.id, doctor.id, diagnosis="nv", confidence="sure")
    with pytest.raises(reading.NotInHand):
        signing.sign(written.id, doctor.id, draft.digest)
    assert reading.in_hand(doctor.id) == []
    desk: Any = app.test_client()
    sign_in(desk, doctor)
    photo = unread.photos[0].public_id
    assert desk.get(f"/doctor/cases/{unread.public_id}/photos/{photo}").status_code == 404
    assert desk.get(f"/doctor/cases/{unread.public_id}").location == "/doctor/"
    assert "환자가 이 사례를 거두어들였습니다" in desk.get("/doctor/").text


def test_before_the_worker_follows_nothing_is_analysed(sender: User) -> None:
    case = create_case(sender, state=CaseState.SUBMITTED)
    effect = case_jobs.analyse_case(_Run(), case_id=case.id)  # type: ignore[arg-type]
    take_back(sender, HEALTH)
    assert effect is not None
    with transaction():
        effect()
    assert case_jobs.analyse_case(_Run(), case_id=case.id) is None  # type: ignore[arg-type]
    assert (fresh(case).state, count(Prediction)) == (CaseState.SUBMITTED, 0)


def test_who_agrees_again_before_the_worker_follows_gets_what_was_said(
    sender: User, clock: FrozenClock, work: Callable[[], int]
) -> None:
    before = create_case(sender, state=CaseState.WAITING)
    clock.advance(minutes=1)
    take_back(sender, HEALTH)
    clock.advance(minutes=1)
    after = create_case(sender, state=CaseState.WAITING)  # with new consents
    work()
    assert [fresh(c).state for c in (before, after)] == ["withdrawn", "waiting"]


# ── AI notice ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", ["consent_withdrawn", "analyse_case"])
def test_without_the_ai_notice_a_case_reaches_the_doctors_unanalysed(
    sender: User, doctor: User, first: str, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> Any:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(case_jobs, "predictor", asked)
    case = create_case(sender, state=CaseState.SUBMITTED)
    take_back(sender, AI)
    event = database.session.scalars(database.select(Event).where(Event.kind == "consent.withdrawn")).one()
    arguments = {"case_id": case.id} if first == "analyse_case" else {"event_id": event.id}
    effect = getattr(case_jobs, first)(_Run(), **arguments)
    assert effect is not None
    with transaction():
        effect()
    assert fresh(case).state == CaseState.WAITING
    work()
    case = fresh(case)
    assert (case.state, case.opinion, count(Prediction)) == (CaseState.WAITING, None, 0)
    assert case.without_ai_since is not None
    assert not jobs.failed_jobs()
    agree(sender, AI)
    taken = reading.take_next(doctor.id)
    assert taken is not None
    assert sign_finding(taken, doctor).finding is not None


def test_an_analysis_in_progress_is_thrown_away(sender: User) -> None:
    case = create_case(sender, state=CaseState.SUBMITTED)
    effect = case_jobs.analyse_case(_Run(), case_id=case.id)  # type: ignore[arg-type]
    take_back(sender, AI)
    assert effect is not None
    with transaction():
        effect()
    case = fresh(case)
    assert (case.state, count(Prediction), count(CaseOpinion)) == (CaseState.WAITING, 0, 0)
    assert case.without_ai_since is not None


@pytest.mark.parametrize("worker_first", [True, False])
@pytest.mark.parametrize("state", [CaseState.WAITING, CaseState.READING])
def test_an_opinion_no_doctor_has_seen_is_kept_and_not_shown(
    app: Flask, sender: User, doctor: User, state: CaseState, worker_first: bool, work: Callable[[], int]
) -> None:
    case = create_case(sender, state=state, doctor=doctor, opinion=WORRYING)
    take_back(sender, AI)
    if worker_first:
        work()
    if state == CaseState.WAITING:
        assert reading.take_next(doctor.id) is not None
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")
    reading.reveal(case.id, doctor.id)
    case = fresh(case)
    shown = reading_views.revealed(doctor, case)
    assert shown is not None
    assert (shown.opinion, shown.by_photo) == (None, {})
    assert database.session.scalars(reading_policy.revealed_predictions(doctor)).all() == []
    desk: Any = app.test_client()
    sign_in(desk, doctor)
    assert "환자가 인공지능에 대한 동의를 되돌려" in desk.get(f"/doctor/cases/{case.public_id}").text
    draft = signing.Draft(diagnosis="nv", advice="석 달 뒤에 다시 찍어 주세요.", next_step="watch")
    signing.save_draft(case.id, doctor.id, draft)  # no reason is asked for: there is nothing to override
    assert signing.sign(case.id, doctor.id, draft.digest).agreement == Agreement.NO_OPINION
    assert (count(Prediction), count(CaseOpinion)) == (1, 1)
    assert not policy.can_see_opinion(sender, fresh(case))


def test_an_opinion_that_its_doctor_has_seen_stays(
    sender: User, doctor: User, work: Callable[[], int]
) -> None:
    case = create_case(sender, state=CaseState.READING, doctor=doctor)
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")
    reading.reveal(case.id, doctor.id)
    take_back(sender, AI)
    work()
    shown = reading_views.revealed(doctor, fresh(case))
    assert shown is not None
    assert shown.opinion is not None


def test_an_urgent_notice_that_was_given_stays_with_its_measured_share(
    sender: User, browser: Callable[..., Browser], work: Callable[[], int]
) -> None:
    case = create_case(sender, state=CaseState.WAITING, answers=CALM, opinion=WORRYING)
    take_back(sender, AI)
    work()
    assert fresh(case).urgent == UrgentReason.MODEL
    page = browser(sender).get(f"/patient/cases/{case.public_id}").text
    assert "74건이 실제로" in page
    assert "동의를 되돌리셔서 인공지능 없이" in page


# ── Telemedicine ─────────────────────────────────────────────────────────────────────────────────────


def test_without_telemedicine_what_is_booked_is_cancelled_and_cases_are_read_on(
    sender: User, doctor: User, clock: FrozenClock, work: Callable[[], int]
) -> None:
    create_pattern(doctor)
    case = create_case(sender, state=CaseState.WAITING)
    times = [slot.starts_at for slot in consultations.free_times(doctor.id, days=28)]
    begun, ahead = (create_booking(sender, doctor, starts_at=times[n]) for n in (0, 1))
    clock.set(times[0])
    take_back(sender, TELEMEDICINE)
    clock.advance(minutes=1)
    agree(sender, TELEMEDICINE)
    after = create_booking(sender, doctor, starts_at=times[-1])
    work()
    for booking in (begun, ahead, after):
        database.session.refresh(booking)
    assert [b.state for b in (begun, ahead, after)] == ["booked", "cancelled", "booked"]
    assert ahead.cancelled_by_id == sender.id
    assert fresh(case).state == CaseState.WAITING


def test_the_consent_to_the_ai_cancels_no_booking(
    sender: User, doctor: User, work: Callable[[], int]
) -> None:
    create_pattern(doctor)
    booking = create_booking(sender, doctor)
    take_back(sender, AI)
    work()
    database.session.refresh(booking)
    assert booking.state == BookingState.BOOKED


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("ko", ["모두 거두어져", "예약을 모두 취소하고", "아직 보지 않은 의사에게는"]),
        ("en", ["are taken back", "are cancelled", "not shown to a doctor who has not seen it"]),
    ],
)
def test_the_page_says_what_will_happen_before_it_does(
    client: Client, db: Any, locale: str, words: list[str]
) -> None:
    sign_in(client, create_sender(locale=locale))
    page = client.get("/account/consents").text
    for text in words:
        assert page.count(text) == 1, text
