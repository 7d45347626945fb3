"""Which rule admits this patient to this doctor at this time: the facts are gathered here, `eligibility` decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select

from app.accounts.models import DoctorProfile, Patient
from app.consultations.eligibility import Admission, Facts, NotEligible, decide
from app.consultations.eligibility_rules import current_rules
from app.consultations.free import BookableDoctor
from app.consultations.models import Booking, BookingState
from app.extensions import db
from app.infra import clock

_KEY = "salpim.seen_before"


@dataclass(frozen=True)
class SeenBefore:
    """What is known of the spot that a case is about: the cases about it, and (doctor id, moment) of each reading."""

    case_ids: tuple[int, ...] = ()
    readings: tuple[tuple[int, datetime], ...] = ()


Lookup = Callable[[int], SeenBefore]
"""From a case's id to what is known of its spot; signed readings are another room's to know."""


def init_app(app: Flask, lookup: Lookup) -> None:
    """Say who knows of earlier readings."""
    app.extensions[_KEY] = lookup


def admission(
    patient: Patient, profile: DoctorProfile | None, case_id: int | None, starts_at: datetime
) -> Admission:
    """Return which rule admits the patient to the doctor on the day of `starts_at`, or why none does."""
    on = korean_day(starts_at)
    return decide(facts_of(patient, profile, case_id, on), current_rules(), on)


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


@dataclass(frozen=True)
class Served:
    """A doctor who offers times, and whether this patient may talk to them remotely at the next free one."""

    doctor: BookableDoctor
    admission: Admission


def served_by(patient: Patient, doctors: Iterable[BookableDoctor], case_id: int | None) -> list[Served]:
    """Return for each doctor whether a rule admits the patient at the doctor's next free time (or today)."""
    return [
        Served(
            doctor,
            admission(
                patient,
                doctor.profile,
                case_id,
                doctor.next_free.starts_at if doctor.next_free else clock.now(),
            ),
        )
        for doctor in doctors
    ]


def korean_day(moment: datetime) -> date:
    """Return the day in Korea: rules begin and end at midnight there."""
    return moment.astimezone(clock.KST).date()


def facts_of(patient: Patient, profile: DoctorProfile | None, case_id: int | None, on: date) -> Facts:
    """Return what the rules ask about, as it is known now. Only what lies before the day `on` counts as seen."""
    colleagues = _colleagues(profile)
    seen = _lookup()(case_id) if case_id is not None else SeenBefore()
    readings = [korean_day(at) for doctor_id, at in seen.readings if doctor_id in colleagues]
    return Facts(
        patient_area=patient.area,
        doctor_area=profile.area if profile is not None else None,
        about_lesion=case_id is not None,
        last_visit=_last_visit(patient, colleagues, seen.case_ids),
        last_reading=max((day for day in readings if day <= on), default=None),
        exceptions=frozenset(patient.exceptions or ()),
    )


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
