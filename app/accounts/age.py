"""How old someone is today in Korea, and from when on they decide for themselves."""

from __future__ import annotations

from datetime import date

from app.accounts.models import Patient
from app.infra import clock

AGE_OF_CONSENT = 14
"""Below it a guardian consents (PIPA art. 22-2)."""


def age_in_years(birth_date: date) -> int:
    """Return the age today in Korea, in completed years (만 나이); negative for a date in the future."""
    today = clock.today_in_korea().date()
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def decides_alone(patient: Patient) -> bool:
    """True if nobody may decide for the patient any more; also where the day of birth is not known."""
    born = patient.birth_date
    return born is None or age_in_years(date.fromisoformat(born)) >= AGE_OF_CONSENT
