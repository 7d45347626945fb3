"""Where a patient lives, and what they say of themself that lets them be treated from afar."""

from __future__ import annotations

from collections.abc import Iterable

from app.accounts.consents import has_consent
from app.accounts.errors import ConsentMissing, NotYours
from app.accounts.models import ConsentKind, Patient
from app.audit import service as audit
from app.infra.database import fresh, transaction
from app.regions.areas import area


class NoSuchArea(ValueError):
    """The code is that of no district."""


def set_area(patient_id: int, code: str) -> Patient:
    """Note the district in which the patient lives; who may do so is the caller's to check.

    Raises `NoSuchArea` for anything but a district of `regions.areas`, `NotYours` for no patient.
    """
    found = area(code)
    if found is None or found.is_province:
        raise NoSuchArea(code)
    with transaction():
        patient = _row(patient_id)
        if patient.area != code:
            patient.area = code
            audit.record("patient.area_changed", f"patient:{patient.public_id}", patient_id=patient.id)
    return patient


def set_exceptions(patient_id: int, keys: Iterable[str]) -> Patient:
    """Note which exceptions the patient says apply to them; none is an answer too.

    They tell of illness and disability. Raises `NotYours`, and `ConsentMissing` without the consent to health data.
    """
    wanted = sorted(set(keys))
    with transaction():
        patient = _row(patient_id)
        if wanted and not has_consent(ConsentKind.HEALTH_DATA, patient.id):
            raise ConsentMissing([ConsentKind.HEALTH_DATA])
        if patient.exceptions != wanted:
            patient.exceptions = wanted
            audit.record("patient.exceptions_changed", f"patient:{patient.public_id}", patient_id=patient.id)
    return patient


def _row(patient_id: int) -> Patient:
    patient = fresh(Patient, patient_id)
    if patient is None or patient.erased_at is not None:
        raise NotYours
    return patient
