"""How old someone is today in Korea, and from when on they decide for themselves."""

from __future__ import annotations

from datetime import date, datetime, time

from app.accounts.models import Patient
from app.infra import clock

AGE_OF_CONSENT = 14
"""Below it a guardian consents (PIPA art. 22-2)."""


def age_in_years(birth_date: date) -> int:
    """Return the age today in Korea, in completed years (만 나이); negative for a date in the future."""
    today = clock.today_in_korea().date()
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def came_of_age(patient: Patient) -> datetime | None:
    """Return the moment at which the patient turns 14 in Korea, None where the day of birth is not known."""
    if patient.birth_date is None:
        return None
    born = date.fromisoformat(patient.birth_date)
    year = born.year + AGE_OF_CONSENT
    leap_day = (born.month, born.day) == (2, 29)  # no year of a leap day's 14th birthday has one
    day = date(year, 3, 1) if leap_day else born.replace(year=year)
    return datetime.combine(day, time(), clock.KST)


def begun_alone(patient: Patient, begun_at: datetime) -> bool:
    """True for what was begun since the patient turned 14: it is no former guardian's; so is all where the age is not known."""
    since = came_of_age(patient)
    return decides_alone(patient) and (since is None or begun_at >= since)


def decides_alone(patient: Patient) -> bool:
    """True if nobody may decide for the patient any more; also where the day of birth is not known."""
    born = patient.birth_date
    return born is None or age_in_years(date.fromisoformat(born)) >= AGE_OF_CONSENT
