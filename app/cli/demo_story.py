"""Plays the demonstration: signs people up and lets them and the doctors do what demo.toml says, in order of time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.accounts import practice, residence
from app.accounts import service as accounts
from app.accounts.models import ConsentKind, Patient, Sex, User
from app.audit import service as audit
from app.cases import drafts, photos, questions, reading, service, signing
from app.cases.models import Case
from app.cli.demo_photos import DemoPhoto, Photos
from app.consultations import availability
from app.consultations import service as consultations
from app.extensions import db
from app.infra import clock
from app.infra.jobs import Job, JobState
from app.infra.jobs import run as run_job
from app.reviews import service as reviews
from config import Settings

HOLDER = "demo"
SLOT_MINUTES = 15
REVIEWED_APP = "1584940053"
Scene = tuple[datetime, Callable[[], None]]


def _acting(user: User) -> AbstractContextManager[None]:
    return audit.acting_as(user.id, user.role)


class Story:
    """One playing of demo.toml. `say` is told of progress."""

    def __init__(self, script: dict[str, Any], settings: Settings, say: Callable[[str], None]) -> None:
        self.script, self.settings, self.say = script, settings, say
        self.now = clock.system()
        self.moment = self.now
        self.photos = Photos(settings.shared_data)
        self.people: dict[str, User] = {}
        self.patients: dict[str, Patient] = {}
        self.cases: dict[int, Case] = {}

    def play(self) -> None:
        """Play everything; the portal's clock shows the story's time meanwhile."""
        audit.act_as(audit.SYSTEM)
        clock.set_clock(current_app.extensions, lambda: self.moment)
        try:
            self._sign_up()
            source = "PAD-UFES-20" if self.photos.real else "그린 그림 · drawings"
            scenes = sorted(self._scenes(), key=lambda scene: scene[0])
            self.say(f"  사례 {len(self.script['case'])}건 · cases, {source} …")
            for at, scene in scenes:
                self.moment = min(at, self.now)
                scene()
                self._work()
        finally:
            clock.set_clock(current_app.extensions, clock.system)
        self._operator()

    def _work(self) -> None:
        """Do every job that is due, as the worker would."""
        due = (
            select(Job.id).where(Job.state == JobState.QUEUED, Job.run_after <= clock.now()).order_by(Job.id)
        )
        while found := list(db.session.scalars(due)):
            for job_id in found:
                run_job(job_id, HOLDER)

    def _sign_up(self) -> None:
        self.moment = self.now - timedelta(days=9)
        self.say("  사람들 · people …")
        password = self.script["password"]
        for entry in self.script["patient"]:
            self._patient(entry, password)
        for entry in self.script["child"]:
            guardian = self.people[entry["guardian"]]
            with _acting(guardian):
                self._child(entry, guardian)
        for entry in self.script["doctor"]:
            self._doctor(entry, password)

    def _patient(self, entry: dict[str, Any], password: str) -> None:
        user = accounts.register_patient(
            name=entry["name"],
            birth_date=date.fromisoformat(entry["birth_date"]),
            sex=Sex(entry["sex"]),
            mobile=entry.get("mobile"),
            email=entry.get("email"),
            password=password if "email" in entry else None,
            consents=accounts.BEFORE_A_CASE,
            is_demo=True,
        )
        self.people[entry["key"]] = user
        with _acting(user):
            self._lives(entry, accounts.patients_for(user)[0])

    def _child(self, entry: dict[str, Any], guardian: User) -> None:
        child = accounts.add_dependent(
            guardian,
            name=entry["name"],
            birth_date=date.fromisoformat(entry["birth_date"]),
            sex=Sex(entry["sex"]),
            relation=entry["relation"],
            consents=tuple(kind for kind in accounts.BEFORE_A_CASE if kind is not ConsentKind.TERMS),
            is_demo=True,
        )
        self.people[entry["key"]] = guardian
        self._lives(entry, child)

    def _lives(self, entry: dict[str, Any], patient: Patient) -> None:
        self.patients[entry["key"]] = patient
        if "area" in entry:
            residence.set_area(patient.id, entry["area"])

    def _doctor(self, entry: dict[str, Any], password: str) -> None:
        known = {key: entry[key] for key in ("name", "email", "licence_number", "clinic", "specialty")}
        doctor = accounts.create_doctor(**known, password=password, is_demo=True)
        self.people[entry["key"]] = doctor
        practice.set_practice(
            doctor.id, languages=entry["languages"], area=entry["area"], telephone=entry.get("telephone", "")
        )
        first, last = entry["hours"]
        for weekday in entry["weekdays"]:
            availability.add_pattern(
                doctor.id,
                weekday=weekday,
                start_minute=first * 60,
                end_minute=last * 60,
                slot_minutes=SLOT_MINUTES,
                price_won=entry["price_won"],
            )

    def _scenes(self) -> list[Scene]:
        scenes: list[Scene] = []
        for number, entry in enumerate(self.script["case"]):
            scenes += self._case(number, entry)
        return scenes

    def _case(self, number: int, entry: dict[str, Any]) -> list[Scene]:
        """Return what happens to one case, each scene with its moment."""
        sent = self.now - timedelta(hours=entry["hours_ago"])

        def scene(at: datetime, who: str, plays: Callable[[int, dict[str, Any]], None]) -> Scene:
            return at, lambda: self._play(entry[who], lambda: plays(number, entry))

        scenes = [scene(sent, "of", self._send)]
        if entry["until"] == "withdrawn":
            scenes.append(scene(sent + timedelta(hours=1), "of", self._withdraw))
        if "put_back_by" in entry:
            back = sent + timedelta(hours=entry["put_back_after_hours"])
            scenes.append(scene(back, "put_back_by", self._put_back))
        if "doctor" in entry:
            taken = sent + timedelta(hours=entry["read_after_hours"])
            scenes.append(scene(taken, "doctor", self._read))
        if "question" in entry:
            asked = sent + timedelta(hours=entry["read_after_hours"] + 2)
            scenes.append(scene(asked, "of", self._ask))
            scenes.append(scene(asked + timedelta(hours=3), "doctor", self._answer))
        if "amendment_reason" in entry:
            amended = sent + timedelta(hours=entry["read_after_hours"] + entry["amended_after_hours"])
            scenes.append(scene(amended, "doctor", self._amend))
        if entry.get("book"):
            scenes.append(scene(self.now, "of", self._book))
        return scenes

    def _play(self, key: str, act: Callable[[], None]) -> None:
        """Let the person do something, so that the audit log has it as theirs."""
        with _acting(self.people[key]):
            act()

    def _send(self, number: int, entry: dict[str, Any]) -> None:
        user, patient = self.people[entry["of"]], self.patients[entry["of"]]
        picture: DemoPhoto = self.photos.get(entry["kind"], entry["pick"])
        case = drafts.open_draft(user, patient.id, drafts.new_form_key(), demo_source=picture.source)
        photos.add_photo(user, case.public_id, picture.jpeg, limit=self.settings.max_photos_per_case)
        drafts.place(user, case.public_id, entry["site"])
        self.cases[number] = case
        if entry["until"] == "draft":
            return
        age = questions.age_on(patient.birth_date, clock.today_in_korea().date())
        drafts.answer(user, case.public_id, entry["answers"] | {"age": age, "sex": str(patient.sex)})
        service.submit(user, case.public_id, reading_hours=self.settings.reading_hours)

    def _withdraw(self, number: int, entry: dict[str, Any]) -> None:
        service.withdraw(self.people[entry["of"]], self.cases[number].public_id)

    def _take(self, number: int, doctor: User) -> Case:
        """Let the doctor take the next case of the queue, which must be this one."""
        taken = reading.take_next(doctor.id)
        if taken is None or taken.id != self.cases[number].id:
            raise RuntimeError(f"the queue does not give case {number} of demo.toml: change its hours")
        return taken

    def _put_back(self, number: int, entry: dict[str, Any]) -> None:
        doctor = self.people[entry["put_back_by"]]
        reading.put_back(self._take(number, doctor).id, doctor.id)

    def _read(self, number: int, entry: dict[str, Any]) -> None:
        doctor = self.people[entry["doctor"]]
        case = self._take(number, doctor)
        if entry["until"] != "signed":
            return
        reading.store_first_read(
            case.id, doctor.id, diagnosis=entry["diagnosis"], confidence=entry["confidence"]
        )
        reading.reveal(case.id, doctor.id)
        self._sign(case, doctor, entry["advice"], entry["next_step"], entry)

    def _amend(self, number: int, entry: dict[str, Any]) -> None:
        case, doctor = self.cases[number], self.people[entry["doctor"]]
        self._sign(case, doctor, entry["amended_advice"], entry["amended_next_step"], entry)

    def _sign(self, case: Case, doctor: User, advice: str, step: str, entry: dict[str, Any]) -> None:
        draft = signing.Draft(
            diagnosis=entry["diagnosis"],
            advice=advice,
            next_step=step,
            reason=entry["reason"],
            within_days=entry.get("within_days"),
            amendment_reason=entry.get("amendment_reason"),
        )
        signing.save_draft(case.id, doctor.id, draft)
        signing.sign(case.id, doctor.id, draft.digest)

    def _ask(self, number: int, entry: dict[str, Any]) -> None:
        service.ask(self.people[entry["of"]], self.cases[number].public_id, entry["question"])

    def _answer(self, number: int, entry: dict[str, Any]) -> None:
        signing.answer(self.cases[number].id, self.people[entry["doctor"]].id, entry["answer"])

    def _book(self, number: int, entry: dict[str, Any]) -> None:
        doctor = self.people[entry["doctor"]]
        free = consultations.free_times(doctor.id, clock.now() + timedelta(days=1))
        if not free:
            return
        consultations.book(
            patient_id=self.patients[entry["of"]].id,
            doctor_id=doctor.id,
            starts_at=free[0].starts_at,
            price_won=free[0].price_won,
            booked_by_id=self.people[entry["of"]].id,
            case_id=self.cases[number].id,
        )

    def _operator(self) -> None:
        """Made last: whoever finds no operator knows that the story was interrupted."""
        files = sorted((self.settings.shared_data / "reviews").glob(f"appstore_{REVIEWED_APP}.csv"))
        operator = self.script["operator"]
        user = accounts.create_operator(**operator, password=self.script["password"], is_demo=True)
        if not files:
            return
        self.say("  앱 후기 분석 · review analysis …")
        with _acting(user):
            reviews.import_files(user.id, [(path.name, path.read_bytes()) for path in files])
        self._work()
        with _acting(user):
            reviews.start_analysis(user.id, [REVIEWED_APP])
        self._work()
