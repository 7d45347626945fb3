"""What a doctor says of their practice, so that patients can choose by it."""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers

from app.accounts.errors import NotYours
from app.accounts.languages import LANGUAGES
from app.accounts.models import DoctorProfile
from app.audit import service as audit
from app.infra.database import fresh, transaction
from app.regions.areas import area as find_area


class NoTelephone(ValueError):
    """The text is no telephone number of Korea."""


def telephone_of(text: str) -> str | None:
    """Return a telephone number as it is dialled in Korea (061-555-1234, 1588-1234), None for a blank text.

    Raises `NoTelephone`.
    """
    if not text.strip():
        return None
    try:
        number = phonenumbers.parse(text.strip()[:40], "KR")
    except phonenumbers.NumberParseException as error:
        raise NoTelephone(text) from error
    if not phonenumbers.is_valid_number_for_region(number, "KR") or number.extension:
        raise NoTelephone(text)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


def set_practice(
    doctor_id: int, *, languages: Collection[str], area: str | None, telephone: str = ""
) -> DoctorProfile:
    """Say in which languages (at least one) a doctor consults, where (None: not said), and the practice's telephone.

    Raises `ValueError` for a code that is not known or no telephone number, and `NotYours` for someone who is no doctor.
    """
    number = telephone_of(telephone)
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown or not languages or (area is not None and find_area(area) is None):
        raise ValueError("no such language or area")
    with transaction():
        profile = fresh(DoctorProfile, doctor_id)
        if profile is None:
            raise NotYours
        profile.languages = [code for code in LANGUAGES if code in languages]
        profile.area, profile.telephone = area, number
        audit.record("account.practice_changed", f"user:{doctor_id}")
    return profile
