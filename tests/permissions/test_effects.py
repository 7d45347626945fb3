"""Requests that are let in but name something of somebody else: nothing happens to it."""

from __future__ import annotations

from sqlalchemy import func, select

from app.cases.models import Case, Photo
from app.consultations.models import Availability, Booking, ExtraTime, TimeOff
from app.extensions import db
from tests.permissions.world import World


def count(world: World, model: type) -> int:
    with world.app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_case_is_not_opened_for_someone_else_s_patient(world: World) -> None:
    before = count(world, Case)
    form = {"patient": world.values["A"]["patient"], "form_key": "a-form-key-of-a-test"}
    world.client("patient B").post("/patient/cases/new", data=form)
    assert count(world, Case) == before
    world.client("patient B").post("/patient/cases/new", data=form | {"patient": world.values["A"]["child"]})
    assert count(world, Case) == before


def test_a_photo_of_someone_else_s_case_is_not_removed_through_one_s_own(world: World) -> None:
    before = count(world, Photo)
    mine, theirs = world.values["B"]["draft case"], world.values["A"]["draft photo"]
    world.client("patient B").post(f"/patient/cases/{mine}/photos/{theirs}/remove")
    assert count(world, Photo) == before


def test_a_time_is_not_booked_for_someone_else_s_patient(world: World) -> None:
    before = count(world, Booking)
    values = world.values["A"]
    form = {"doctor": values["doctor"], "at": values["free time"], "price": "0", "patient": values["patient"]}
    world.client("patient B").post("/patient/bookings", data=form | {"patient": values["child"]})
    with world.app.app_context():
        made = db.session.scalars(select(Booking).order_by(Booking.id).offset(before)).all()
        assert [
            booking for booking in made if booking.patient.public_id in (values["patient"], values["child"])
        ] == []
    world.restore()


def test_another_caller_s_booking_is_not_cancelled(world: World) -> None:
    mine, theirs = world.values["B"]["patient"], world.values["A"]["booking"]
    answer = world.client("operator").post(f"/operator/calls/{mine}/bookings/{theirs}/cancel")
    assert answer.status_code == 404
    with world.app.app_context():
        booking = db.session.scalars(select(Booking).where(Booking.public_id == theirs)).one()
        assert booking.cancelled_at is None


def test_another_caller_s_booking_is_not_moved(world: World) -> None:
    mine, theirs = world.values["B"]["patient"], world.values["A"]["booking"]
    form = {"at": world.values["A"]["free time"], "price": "0"}
    answer = world.client("operator").post(f"/operator/calls/{mine}/bookings/{theirs}/move", data=form)
    assert answer.status_code == 404
    with world.app.app_context():
        booking = db.session.scalars(select(Booking).where(Booking.public_id == theirs)).one()
        assert booking.moves == 0


def test_another_doctor_s_times_are_not_removed(world: World) -> None:
    before = count(world, Availability)
    world.client("doctor B").post(f"/doctor/availability/{world.values['A']['pattern']}/remove")
    assert count(world, Availability) == before


def test_another_doctor_s_days_are_not_removed(world: World) -> None:
    before, values = (count(world, TimeOff), count(world, ExtraTime)), world.values["A"]
    client = world.client("doctor B")
    client.post(f"/doctor/availability/off/{values['time off']}/remove")
    client.post(f"/doctor/availability/extra/{values['extra time']}/remove")
    assert (count(world, TimeOff), count(world, ExtraTime)) == before
