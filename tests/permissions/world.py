"""Two sets of everything, A's and B's: people, cases in each state, bookings, notices; and what operators see.

Made once; `restore` brings database and files back to how they were, so that every request of the matrix
meets the same world.
"""

from __future__ import annotations

import contextvars
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.accounts import health_posts
from app.accounts.identity import parse
from app.accounts.models import User
from app.accounts.proxies import stop_token
from app.cases import reading, signing
from app.cases.models import Case, CaseState
from app.consultations.models import Booking
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import transaction
from app.notifications.models import Delivery, Notice
from app.reviews import collecting
from tests.factories import (
    accounts,
    cases,
    collections,
    consultations,
    eligibility,
    proxies,
    regions,
    reviews,
)

SETS = ("A", "B")
ANONYMOUS = "anonymous"
OPERATOR = "operator"
ACTORS = (ANONYMOUS, "patient A", "patient B", "doctor A", "doctor B", OPERATOR)


@dataclass
class World:
    """The application, who can act in it (by user id) and the value of each kind of object in each set."""

    app: Flask
    actors: dict[str, int] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in SETS})
    restore: Callable[[], None] = lambda: None

    def client(self, actor: str) -> Any:
        """A browser in which the actor is signed in and has just proven who they are."""
        client = self.app.test_client()
        if actor != ANONYMOUS:
            with self.app.app_context():
                user = db.session.get(User, self.actors[actor])
                assert user is not None
                accounts.sign_in(client, user, proven_at=time.time())
        return client


def build(app: Flask, database: Path | None) -> World:
    """Fill an empty portal. `database`: the SQLite file to bring back after each request that writes."""
    world = World(app)

    def fill() -> None:
        with app.app_context():
            _people(world)
            for name in SETS:
                _one_set(world, name)
            _shared(world)

    contextvars.Context().run(fill)
    _work(app)
    contextvars.Context().run(_after_work, world)
    if database is not None:
        world.restore = _restorer(app, database)
    return world


def _people(world: World) -> None:
    for name in SETS:
        world.actors[f"patient {name}"] = cases.create_sender().id
        world.actors[f"doctor {name}"] = accounts.create_doctor().id
    world.actors[OPERATOR] = accounts.create_operator().id


def _one_set(world: World, name: str) -> None:
    patient = db.session.get(User, world.actors[f"patient {name}"])
    doctor = db.session.get(User, world.actors[f"doctor {name}"])
    assert patient is not None
    assert doctor is not None
    assert patient.patient is not None
    values = world.values[name]
    made: dict[str, Case] = {}
    for state in (CaseState.DRAFT, CaseState.WAITING, CaseState.READING, CaseState.SIGNED):
        made[state.value] = cases.create_case(patient, state=state, doctor=doctor)
    made["revealed"] = cases.create_case(patient, state=CaseState.READING, doctor=doctor)
    _reveal(made["revealed"], doctor)
    for state_name, case in made.items():
        values[f"{state_name} case"] = case.public_id
        values[f"{state_name} photo"] = case.photos[0].public_id
    values["draft upload"] = cases.create_upload(patient, made["draft"]).public_id
    lesion = made[CaseState.SIGNED.value].lesion
    assert lesion is not None
    again = cases.create_follow_up(patient, made[CaseState.SIGNED.value], doctor=doctor)
    values["follow-up case"] = again.public_id
    values["lesion"] = lesion.public_id
    values["patient"] = patient.patient.public_id
    values["child"] = accounts.create_child(patient).public_id
    pattern = consultations.create_pattern(doctor)
    values["pattern"] = str(pattern.id)
    booking = consultations.create_booking(patient, doctor)
    values["booking"] = booking.public_id
    values["doctor"] = str(doctor.id)
    _helping(values, patient)
    free = next(
        s for s in consultations.service.free_times(doctor.id, days=28) if s.starts_at != booking.starts_at
    )
    values["free time"] = free.starts_at.isoformat()
    values["slot"] = f"{doctor.id}.{free.starts_at.isoformat()}"
    values["time off"] = str(consultations.create_time_off(doctor, days=20).id)
    values["extra time"] = str(consultations.create_extra_time(doctor).id)


def _helping(values: dict[str, str], patient: User) -> None:
    """The patient is helped by somebody who is not in this world, and helps somebody who is not either."""
    given = proxies.create_permission(patient.patient, accounts.create_patient())
    values["permission given"] = given.public_id
    values["stop token"] = stop_token(given)
    values["permission held"] = proxies.create_telephone_patient(patient).public_id
    values["asked"] = proxies.create_request(patient).public_id
    values["proven"] = proxies.create_proven_request(patient).public_id
    someone = accounts.create_patient()
    values["offer"] = proxies.create_offer(someone, patient.mobile or "").public_id


def _reveal(case: Case, doctor: User) -> None:
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="likely")
    reading.reveal(case.id, doctor.id)
    draft = signing.Draft(diagnosis="nv", advice="석 달 뒤에 다시 찍어 주세요.", next_step="watch")
    signing.save_draft(case.id, doctor.id, draft)


def _shared(world: World) -> None:
    operator = db.session.get(User, world.actors[OPERATOR])
    for name in SETS:
        values = world.values[name]
        store_app = "517637141" if name == "A" else "1584940053"
        collection = collections.create_collection(operator, app=store_app)
        collecting.stop(collection.id)  # the worker of this world has no store to ask
        values["collection"] = collection.public_id
        app_store = "1234567890" if name == "A" else "2234567890"
        values["added app"] = str(collections.create_app(operator, app_store).id)
        values["rule"] = eligibility.create_rule(operator).public_id
        values["register"] = regions.create_register([regions.clinic_row()]).public_id
        values["import"] = reviews.create_import(operator).public_id
        _post(values, operator)
        invitation = accounts.create_invitation(operator)
        values["invitation"] = invitation.public_id
        values["invitation token"] = accounts.invitations.token_of(invitation)


def _post(values: dict[str, str], operator: User | None) -> None:
    nurse = accounts.create_patient()
    assert operator is not None
    health_posts.approve(operator, parse(nurse.mobile or ""), "오부보건진료소")
    values["post"] = str(nurse.id)


def _after_work(world: World) -> None:
    for name in SETS:
        with world.app.app_context():
            operator = db.session.get(User, world.actors[OPERATOR])
            world.values[name]["analysis"] = reviews.create_analysis(operator).public_id
        _work(world.app)
    with world.app.app_context():
        with transaction() as session:
            for name in SETS:
                job = jobs.Job(
                    kind="accounts.send_code", arguments={}, attempts=5, state=jobs.JobState.FAILED
                )
                job.created_at = job.run_after = clock.now()
                session.add(job)
                session.flush()
                world.values[name]["job"] = str(job.id)
        for name in SETS:
            for role in ("patient", "doctor"):
                user_id = world.actors[f"{role} {name}"]
                notice = db.session.scalars(select(Notice).where(Notice.user_id == user_id)).first()
                assert notice is not None, f"{role} {name} was told nothing"
                world.values[name][f"{role}'s notice"] = notice.public_id
                sent = select(Delivery.id).where(Delivery.notice_id == notice.id)
                world.values[name]["delivery"] = str(db.session.scalar(sent))
        assert db.session.query(Booking).count() == len(SETS)


def _work(app: Flask) -> None:
    def due() -> list[int]:
        with app.app_context():
            query = select(jobs.Job.id).where(
                jobs.Job.state == jobs.JobState.QUEUED, jobs.Job.run_after <= clock.now()
            )
            return list(db.session.scalars(query))

    def run(job_id: int) -> None:
        with app.app_context():
            jobs.run(job_id, "test")

    while found := contextvars.Context().run(due):
        for job_id in found:
            contextvars.Context().run(run, job_id)


def _restorer(app: Flask, database: Path) -> Callable[[], None]:
    objects = Path(app.instance_path) / "objects"
    kept, kept_objects = database.with_suffix(".kept"), objects.with_name("objects-kept")
    with app.app_context():
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        db.engine.dispose()
    shutil.copyfile(database, kept)
    shutil.copytree(objects, kept_objects)
    head = Path(app.instance_path) / "audit" / "head.json"
    kept_head = head.read_bytes()

    def restore() -> None:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(kept, database)
        shutil.rmtree(objects)
        shutil.copytree(kept_objects, objects)
        head.write_bytes(kept_head)

    return restore
