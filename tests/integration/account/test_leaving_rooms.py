"""What each room forgets, keeps and hides of who leaves: spots and photos on their way, visits, notices and reminders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import leaving
from app.accounts.holdings import kept_of
from app.accounts.models import User
from app.cases import history, lesions, policy, reading, reading_policy, reading_views, service
from app.cases.models import Case, CaseState, Lesion, Photo
from app.cases.upload_models import Upload, UploadChunk
from app.consultations import calls, holds, identity_checks, missed
from app.consultations import service as consultations
from app.consultations.identity_models import How, IdentityCheck
from app.consultations.models import Booking, BookingState, Hold
from app.infra import events
from app.infra.database import transaction
from app.infra.storage import StoredObject
from app.notifications import choices, reminders
from app.notifications.models import ChannelChoice, Choice, Delivery, Notice, Reminder
from app.records import archive, restricted
from tests.factories.accounts import create_doctor, create_operator, sign_in
from tests.factories.cases import create_case, create_follow_up, create_sender, create_upload
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.proxies import create_permission
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.integration.account.test_leaving import count, erase, own
from tests.integration.account.test_leaving_helpers import begun

Work = Callable[[], int]


def lesion_of(case: Case) -> Lesion:
    assert case.lesion is not None
    return case.lesion


def test_a_spot_keeps_its_place_for_the_record_and_nothing_else(
    db: Any, clock: FrozenClock, work: Work
) -> None:
    user = create_sender()
    signed = create_case(user, site="upper_back")
    again = create_follow_up(user, signed, state=CaseState.WAITING, note="조금 커졌습니다")
    other = create_case(user, state=CaseState.WAITING)
    spot, lone = lesion_of(signed), lesion_of(other).id
    lesions.name(user, spot.public_id, "등 왼쪽 위 점")
    lesions.watch(user, spot.public_id, 3)
    work()
    assert count(db, Reminder) > 0
    erase(user, own(user), clock, work)
    assert (signed.state, again.state) == (CaseState.RESTRICTED, CaseState.WITHDRAWN)
    assert (spot.body_site, signed.lesion_id, again.lesion_id) == ("upper_back", spot.id, None)
    assert (spot.label, spot.photograph_again_on, spot.watch_set_by_id) == (None, None, None)
    assert again.note is None
    assert db.session.get(Lesion, lone) is None
    assert restricted.read(signed.public_id, "2027-12").content["body_site"] == "upper_back"
    assert count(db, Reminder) == 0
    [kept] = kept_of(own(user).id)
    clock.set(kept.until)
    leaving.let_go()
    db.session.expire_all()
    assert spot.body_site == ""
    assert all(photo.view is None for photo in db.session.scalars(select(Photo)))


def test_photos_on_their_way_go_piece_by_piece(db: Any, clock: FrozenClock, work: Work) -> None:
    user = create_sender()
    create_upload(user, create_case(user, state=CaseState.DRAFT), b"the first bytes")
    create_upload(user, create_case(user, state=CaseState.DRAFT), b"others")
    assert count(db, UploadChunk) == 2
    erase(user, own(user), clock, work)
    assert count(db, Upload) == count(db, UploadChunk) == 0
    keys = select(StoredObject).where(StoredObject.wrapped_key.is_not(None))
    assert db.session.scalars(keys).all() == []


def test_what_is_new_of_a_case_is_in_the_archive(db: Any) -> None:
    user = create_sender()
    signed = create_case(user, site="upper_back")
    again = create_follow_up(user, signed, state=CaseState.WAITING, note="조금 커졌습니다")
    lesions.name(user, lesion_of(signed).public_id, "등 왼쪽 위 점")
    lesions.watch(user, lesion_of(signed).public_id, 3)
    draft = create_case(user, state=CaseState.DRAFT)
    create_upload(user, draft, b"the first bytes")
    data = archive.data_of(user, own(user))
    by_id = {case["id"]: case for case in data["cases"]}
    assert by_id[again.public_id]["what_changed"] == "조금 커졌습니다"
    assert by_id[again.public_id]["spot"] == by_id[signed.public_id]["spot"] == lesion_of(signed).public_id
    assert "view" in by_id[signed.public_id]["photos"][0]
    assert [sent["bytes_here"] for sent in by_id[draft.public_id]["photos_on_their_way"]] == [15]
    spots = {spot["id"]: spot for spot in data["spots"]}
    named = spots[lesion_of(signed).public_id]
    assert (named["name"], named["day_chosen_by_me"]) == ("등 왼쪽 위 점", True)
    assert named["photograph_again_on"] is not None


def test_from_the_first_moment_no_doctor_sees_a_case(
    db: Any, app: Flask, client: Client, clock: FrozenClock
) -> None:
    user, doctor = create_sender(), create_doctor()
    signed = create_case(user, doctor=doctor)
    service.ask(user, signed.public_id, "걱정해야 하나요?")
    clock.advance(days=90)
    again = create_follow_up(user, signed, state=CaseState.READING, doctor=doctor)
    create_case(user, state=CaseState.WAITING)
    assert len(db.session.scalars(reading_policy.earlier_photos(doctor, again)).all()) == 1
    assert len(history.same_lesion(again.id)[0]) == 2
    sign_in(client, doctor)
    assert client.get(f"/doctor/cases/{signed.public_id}").status_code == 200
    begun(user, clock)
    assert client.get(f"/doctor/cases/{signed.public_id}").status_code == 404
    assert db.session.scalars(policy.visible_cases(doctor)).all() == []
    assert db.session.scalars(reading_policy.earlier_photos(doctor, again)).all() == []
    assert reading_views.signed_cases(doctor.id).cases == []
    assert reading_views.open_questions(doctor.id) == []
    assert not reading.may_be_read(again)
    assert history.same_lesion(again.id) == ((), ())


def test_a_restricted_case_is_neither_lesion_nor_paper_nor_reason_to_admit(
    db: Any, app: Flask, client: Client, clock: FrozenClock, work: Work
) -> None:
    mother = create_sender()
    from tests.factories.accounts import create_child

    child = create_child(mother)
    case = create_case(mother, patient=child)
    spot = lesion_of(case)
    sign_in(client, mother)
    paper, page = f"/patient/cases/{case.public_id}/finding.pdf", f"/patient/lesions/{spot.public_id}"
    assert client.get(paper).status_code == 200
    assert client.get(page).status_code == 200
    erase(mother, child, clock, work)
    sign_in(client, mother)
    assert case.state == CaseState.RESTRICTED
    assert client.get(paper).status_code == 404
    assert client.get(page).status_code == 404
    assert db.session.scalars(policy.visible_lesions(mother)).all() == []
    assert history.same_lesion(case.id) == ((), ())


@pytest.fixture
def visits(db: Any, clock: FrozenClock) -> tuple[User, User, dict[str, Booking]]:
    """A patient, a doctor, and a booking of every kind: held, missed, cancelled, and one still to come."""
    user, doctor = create_sender(), create_doctor()
    create_pattern(doctor)
    held = create_booking(user, doctor)
    clock.set(held.starts_at)
    identity_checks.check(held.id, doctor, How.CARD)
    gone = create_booking(user, doctor)
    clock.set(gone.starts_at)
    identity_checks.check(gone.id, doctor, How.FAILED)
    missed.mark_missed(gone.id)
    off = create_booking(user, doctor)
    consultations.cancel(off.id, doctor.id, "진료실을 옮깁니다")
    ahead = create_booking(user, doctor)
    free = next(slot for slot in consultations.free_times(doctor.id, days=28))
    holds.hold(doctor.id, free.starts_at, user.id)
    return user, doctor, {"held": held, "missed": gone, "cancelled": off, "ahead": ahead}


def test_visits_are_in_the_archive_with_all_that_is_held_of_them(
    db: Any, visits: tuple[User, User, dict[str, Booking]]
) -> None:
    user, doctor, made = visits
    data = archive.data_of(user, own(user))
    by_id = {booking["id"]: booking for booking in data["bookings"]}
    held, off = by_id[made["held"].public_id], by_id[made["cancelled"].public_id]
    assert [(check["doctor"], check["how"]) for check in held["identity_checks"]] == [(doctor.name, "card")]
    assert held["admitted_by"]["rule"]
    assert held["admission"]
    assert (off["reason_to_cancel"], off["cancelled_by_me"]) == ("진료실을 옮깁니다", False)
    assert by_id[made["missed"].public_id]["missed_at"]
    assert data["time_held"]["doctor"] == doctor.name


def test_a_visit_is_kept_with_who_was_there_and_the_rest_says_nothing(
    db: Any, visits: tuple[User, User, dict[str, Booking]], clock: FrozenClock, work: Work
) -> None:
    user, _doctor, made = visits
    with transaction():  # so soon that it could not be cancelled by the patient any more
        made["ahead"].starts_at = clock.now + timedelta(days=7, minutes=6)
        made["ahead"].ends_at = clock.now + timedelta(days=7, minutes=21)
    erase(user, own(user), clock, work)
    assert made["ahead"].state == BookingState.CANCELLED
    assert made["held"].admission is not None
    assert [check.how for check in identity_checks.checks_of(made["held"])] == [How.CARD]
    for name in ("missed", "cancelled", "ahead"):
        assert (made[name].admission, made[name].cancel_reason) == (None, None), name
        assert identity_checks.checks_of(made[name]) == [], name
    assert count(db, Hold) == 0
    assert db.session.scalars(calls.bookings_of(own(user))).all() == []
    [kept] = kept_of(own(user).id)
    clock.set(kept.until)
    assert leaving.let_go() == 1
    assert count(db, IdentityCheck) == count(db, Booking) == count(db, Notice) == count(db, Delivery) == 0


def test_nobody_is_told_or_reminded_who_has_left(db: Any, clock: FrozenClock, work: Work) -> None:
    user, helper, doctor = create_sender(), create_sender(), create_doctor()
    create_permission(own(user), helper)
    create_pattern(doctor)
    case = create_case(user)
    lesions.watch(user, lesion_of(case).public_id, 3)
    booking = create_booking(user, doctor)
    choices.choose(user.id, Choice.SMS)
    work()
    assert count(db, Reminder) > 1
    data = archive.data_of(user, own(user))
    assert {row["kind"] for row in data["reminders"]} >= {"photograph_again", "booking_soon"}
    assert data["told_by"]["choice"] == "sms"
    with transaction() as session:  # heard of late: the worker was off
        session.add(
            Notice(
                public_id="direct",
                kind="booking_made",
                patient_id=own(user).id,
                arguments={},
                event_id=session.scalars(select(events.Event.id)).first(),
                created_at=clock.now,
            )
        )
    assert len(archive.data_of(user, own(user))["messages_to_the_telephone"]) == 1
    begun(user, clock)
    reminder = db.session.scalars(select(Reminder).order_by(Reminder.due_at)).first()
    with transaction():
        reminder.due_at = clock.now
        reminder.state, reminder.settled_at = "waiting", None
    assert reminders._still_wanted(reminder) is False
    work()
    db.session.rollback()
    db.session.expire_all()
    assert count(db, Reminder) == count(db, ChannelChoice) == 0
    told = db.session.scalars(select(Notice)).all()
    assert {notice.user_id for notice in told} <= {doctor.id}, "helpers and the number neither"
    with transaction():
        events.publish("booking.made", booking.topic, booking_id=booking.id)
        events.publish("finding.signed", case.topic, case=case.public_id)
        events.publish("lesion.watch_set", f"lesion:{lesion_of(case).public_id}", on="2027-06-01")
    work()
    db.session.rollback()
    db.session.expire_all()
    assert count(db, Reminder) == 0
    assert {notice.user_id for notice in db.session.scalars(select(Notice))} <= {doctor.id}


def test_an_operator_finds_nothing_of_who_is_being_erased(
    db: Any, app: Flask, client: Client, clock: FrozenClock
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    user, doctor = create_sender(mobile="010-5555-1234"), create_doctor()
    create_pattern(doctor)
    create_booking(user, doctor)
    sign_in(client, create_operator())
    page = f"/operator/calls/{own(user).public_id}"
    assert client.get(page).status_code == 200
    begun(user, clock)
    assert client.get(page).status_code == 404
    assert user.name not in client.post("/operator/calls", data={"mobile": "01055551234"}).text
