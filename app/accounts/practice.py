"""What a doctor says of their practice, so that patients can choose by it."""

from __future__ import annotations

from collections.abc import Collection

from app.accounts.errors import NotYours
from app.accounts.languages import LANGUAGES
from app.accounts.models import DoctorProfile
from app.audit import service as audit
from app.infra.database import fresh, transaction
from app.regions.areas import area as find_area


def set_practice(doctor_id: int, *, languages: Collection[str], area: str | None) -> DoctorProfile:
    """Say in which languages (at least one) a doctor consults, and where (None: not said).

    Raises `ValueError` for a code that is not known, and `NotYours` for someone who is no doctor.
    """
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown or not languages or (area is not None and find_area(area) is None):
        raise ValueError("no such language or area")
    with transaction():
        profile = fresh(DoctorProfile, doctor_id)
        if profile is None:
            raise NotYours
        profile.languages = [code for code in LANGUAGES if code in languages]
        profile.area = area
        audit.record("account.practice_changed", f"user:{doctor_id}")
    return profile
