"""Which rule admits this patient to this doctor at this time: the facts are gathered here, `eligibility` decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select

from app.accounts.models import DoctorProfile, Patient
from app.consultations.eligibility import Admission, Facts, NotEligible, decide
from app.consultations.eligibility_rules import current_rules
from app.consultations.free import BookableDoctor, free_times
from app.consultations.models import Booking, BookingState
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.extensions import db
from app.infra import clock

_KEY = "salpim.seen_before"
_ANSWERED = "salpim.answered"


@dataclass(frozen=True)
class SeenBefore:
    """What is known of the spot that a case is about: the cases about it, and (doctor id, moment) of each reading."""

    case_ids: tuple[int, ...] = ()
    readings: tuple[tuple[int, datetime], ...] = ()


Lookup = Callable[[int], SeenBefore]
"""From a case's id to what is known of its spot; signed readings are another room's to know."""


@dataclass(frozen=True)
class Answered:
    """A case that a doctor has answered, and when: what a consultation may be a revisit about."""

    case_id: int
    doctor_id: int
    at: datetime


AnsweredLookup = Callable[[int], Sequence[Answered]]
"""From a patient's id to what was answered about each of their spots, the latest first."""


def init_app(app: Flask, lookup: Lookup, answered: AnsweredLookup) -> None:
    """Say who knows of earlier readings, and of the cases that were answered."""
    app.extensions[_KEY] = lookup
    app.extensions[_ANSWERED] = answered


def answered_for(patient: Patient) -> Sequence[Answered]:
    """Return what was answered about each of the patient's spots, the latest first."""
    return cast(AnsweredLookup, current_app.extensions[_ANSWERED])(patient.id)


class Judge:
    """Answers for one patient and one case, for as many times as are asked about: what is known is gathered once."""

    def __init__(self, patient: Patient, case_id: int | None) -> None:
        self.patient, self.case_id = patient, case_id
        self._rules = current_rules()
        self._seen = _lookup()(case_id) if case_id is not None else SeenBefore()
        self._known: dict[int | None, _Known] = {}
        self._days: dict[tuple[int | None, date], Admission] = {}

    def admission(self, profile: DoctorProfile | None, starts_at: datetime) -> Admission:
        """Return which rule admits the patient to the doctor on the day of `starts_at`, or why none does."""
        on = korean_day(starts_at)
        key = (profile.user_id if profile is not None else None, on)
        if key not in self._days:
            self._days[key] = decide(self._facts(profile, on), self._rules, on)
        return self._days[key]

    def admits(self, profile: DoctorProfile | None, starts_at: datetime) -> bool:
        """True if a rule admits."""
        return self.admission(profile, starts_at).rule is not None

    def _facts(self, profile: DoctorProfile | None, on: date) -> Facts:
        """What the rules ask about, as it is known now. Only what lies before the day `on` counts as seen."""
        known = self._of_clinic(profile)
        return Facts(
            patient_area=self.patient.area,
            doctor_area=profile.area if profile is not None else None,
            about_lesion=self.case_id is not None,
            last_visit=known.last_visit,
            last_reading=max((day for day in known.readings if day <= on), default=None),
            exceptions=frozenset(self.patient.exceptions or ()),
        )

    def _of_clinic(self, profile: DoctorProfile | None) -> _Known:
        key = profile.user_id if profile is not None else None
        if key not in self._known:
            colleagues = _colleagues(profile)
            readings = [korean_day(at) for doctor_id, at in self._seen.readings if doctor_id in colleagues]
            last_visit = _last_visit(self.patient, colleagues, self._seen.case_ids)
            self._known[key] = _Known(last_visit, tuple(readings))
        return self._known[key]


@dataclass(frozen=True)
class _Known:
    """When a doctor, or another of the same clinic, saw the patient about the spot, and signed readings of it."""

    last_visit: date | None
    readings: tuple[date, ...]


def admission(
    patient: Patient, profile: DoctorProfile | None, case_id: int | None, starts_at: datetime
) -> Admission:
    """Return which rule admits the patient to the doctor on the day of `starts_at`, or why none does."""
    return Judge(patient, case_id).admission(profile, starts_at)


def admit(
    patient: Patient, profile: DoctorProfile | None, case_id: int | None, starts_at: datetime
) -> Admission:
    """Return the admission; raise `NotEligible` if no rule admits."""
    found = admission(patient, profile, case_id, starts_at)
    if found.rule is None:
        raise NotEligible(found)
    return found


def admit_to(patient: Patient, doctor_id: int, case_id: int | None, starts_at: datetime) -> Admission:
    """Return the admission to a doctor by user id; raise `NotEligible`."""
    return admit(patient, db.session.get(DoctorProfile, doctor_id), case_id, starts_at)


def is_admitted_to(patient: Patient, doctor_id: int, case_id: int | None, starts_at: datetime) -> bool:
    """True if a rule admits the patient to a doctor by user id."""
    return Judge(patient, case_id).admits(db.session.get(DoctorProfile, doctor_id), starts_at)


@dataclass(frozen=True)
class Served:
    """A doctor who offers times, and whether this patient may talk to them remotely.

    time: the first free time that a rule admits to. Without one, the admission is that of the doctor's next free
    time, or of today where the doctor has none left.
    """

    doctor: BookableDoctor
    admission: Admission
    time: FreeTime | None

    @property
    def is_admitted(self) -> bool:
        """True if a rule admits, whether or not a time is free."""
        return self.admission.rule is not None


def served_by(judge: Judge, doctors: Collection[BookableDoctor]) -> list[Served]:
    """Return for each doctor the first free time within the horizon that a rule admits to, or why there is none."""
    free: dict[int, list[FreeTime]] = {}
    for time in free_times([doctor.user.id for doctor in doctors], days=rules().horizon_days):
        free.setdefault(time.doctor_id, []).append(time)
    return [_served(judge, doctor, free.get(doctor.user.id, [])) for doctor in doctors]


def _served(judge: Judge, doctor: BookableDoctor, free: list[FreeTime]) -> Served:
    first_of_day = {time.day: time for time in reversed(free)}
    for _day, time in sorted(first_of_day.items()):
        found = judge.admission(doctor.profile, time.starts_at)
        if found.rule is not None:
            return Served(doctor, found, time)
    asked = free[0].starts_at if free else clock.now()
    return Served(doctor, judge.admission(doctor.profile, asked), None)


def korean_day(moment: datetime) -> date:
    """Return the day in Korea: rules begin and end at midnight there."""
    return moment.astimezone(clock.KST).date()


def _lookup() -> Lookup:
    return cast(Lookup, current_app.extensions[_KEY])


def _colleagues(profile: DoctorProfile | None) -> set[int]:
    """The doctor and those of the same clinic: a revisit is one to the clinic."""
    if profile is None:
        return set()
    same = select(DoctorProfile.user_id).where(DoctorProfile.clinic == profile.clinic)
    return {profile.user_id, *db.session.scalars(same.order_by(DoctorProfile.user_id))}


def _last_visit(patient: Patient, doctors: set[int], case_ids: tuple[int, ...]) -> date | None:
    """The last consultation that took place about the same spot; one that was not kept is none."""
    if not case_ids or not doctors:
        return None
    query = (
        select(Booking.starts_at)
        .where(
            Booking.patient_id == patient.id,
            Booking.doctor_id.in_(doctors),
            Booking.case_id.in_(case_ids),
            Booking.state == BookingState.BOOKED,
            Booking.ends_at <= clock.now(),
        )
        .order_by(Booking.starts_at.desc())
        .limit(1)
    )
    last = db.session.scalar(query)
    return korean_day(last) if last is not None else None
