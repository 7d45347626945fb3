"""The days ahead on which somebody on the telephone can be given a time: only what a rule admits them to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.accounts.models import DoctorProfile, Patient
from app.consultations.calls import Caller
from app.consultations.eligibility_admit import Judge
from app.consultations.free import Wish, free_times, profiles
from app.consultations.rules import rules
from app.consultations.times import FreeTime


@dataclass(frozen=True)
class DoctorsDay:
    """One doctor's free times on one day in Korea: at least one, in order."""

    day: date
    doctor: DoctorProfile
    times: list[FreeTime]


def days_for(
    patient: Patient, *, doctor_id: int | None = None, case_id: int | None = None
) -> list[DoctorsDay]:
    """Return what is free and admitted up to the horizon of rules.toml, by day and then by who is free first.

    doctor_id: that doctor's alone. case_id: the case that the consultation is about; without it, also what only a
    revisit about one of the patient's own would admit (`calls.Caller`).
    """
    doctors = {one.user_id: one for one in profiles(Wish(doctor_id))}
    found: dict[tuple[date, int], list[FreeTime]] = {}
    for time in free_times(list(doctors), days=rules().horizon_days + 1):
        found.setdefault((time.day, time.doctor_id), []).append(time)
    every = [DoctorsDay(day, doctors[doctor], times) for (day, doctor), times in found.items()]
    admits = Judge(patient, case_id).admits if case_id is not None else Caller(patient).admits
    # Rules begin and end at midnight in Korea: what holds for a doctor's first time of a day holds for all.
    return [one for one in every if admits(one.doctor, one.times[0].starts_at)]
