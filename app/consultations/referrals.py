"""Where somebody on the telephone can go instead: the nearest clinics, why, and that they were read aloud."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from app.accounts import callers
from app.accounts.errors import NotYours
from app.accounts.models import Patient, User
from app.accounts.residence import NoSuchArea
from app.audit import service as audit
from app.consultations.calls import offers_for, refusals_for
from app.consultations.referral_models import Referral, Why
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.regions.areas import area as area_of
from app.regions.service import Near, clinics_around

READ_ALOUD = 5
"""How many clinics are offered to be read: more would be forgotten."""


class NothingRead(Exception):
    """None of the clinics near the district was marked as read aloud."""


def nearest(area_code: str) -> list[Near]:
    """Return the clinics to read aloud for a district: skin first, as patients see them; none without a register."""
    return clinics_around(area_code, limit=READ_ALOUD)


def why_elsewhere(patient: Patient) -> Why:
    """Return why clinics are read to this caller; `Why.ASKED` also while it is not known where they live."""
    if callers.missing_by_telephone(patient):
        return Why.NO_CONSENT
    if patient.area is None or offers_for(patient, limit=1):
        return Why.ASKED
    return Why.NOT_ADMITTED if refusals_for(patient) else Why.NO_TIME


def note(operator: User, patient_id: int, area_code: str, clinic_ids: Collection[int], why: Why) -> Referral:
    """Record which of `nearest` the operator read aloud to the caller.

    Raises `NoSuchArea` for anything but a district, `NothingRead` where none of the ids is near it, `NotYours` for no
    patient.
    """
    found = area_of(area_code)
    if found is None or found.is_province:
        raise NoSuchArea(area_code)
    read = [near.clinic for near in nearest(area_code) if near.clinic.id in clinic_ids]
    if not read:
        raise NothingRead
    with transaction() as session:
        patient = fresh(Patient, patient_id)
        if patient is None or patient.erased_at is not None:
            raise NotYours
        row = Referral(
            patient_id=patient.id,
            told_by_id=operator.id,
            told_at=clock.now(),
            why=why,
            area=area_code,
            clinics=[{"name": one.name, "kind": one.kind, "telephone": one.telephone} for one in read],
        )
        session.add(row)
        session.flush()
        audit.record("call.clinics_read", f"patient:{patient.public_id}", patient_id=patient.id)
    return row


def referrals_of(patient_id: int) -> list[Referral]:
    """Return what was read aloud to a caller, the newest first."""
    query = select(Referral).where(Referral.patient_id == patient_id)
    return list(db.session.scalars(query.order_by(Referral.told_at.desc(), Referral.id.desc())))
