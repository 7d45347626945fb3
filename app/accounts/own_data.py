"""What this room holds of one person: who they are, what they agreed to, who acts for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.consents import consents_of
from app.accounts.holdings import Holding
from app.accounts.holdings import register as register_holding
from app.accounts.models import Consent, Departure, FailedAttempts, Guardianship, OneTimeCode, Patient, User
from app.accounts.telephone_children import guardian_of
from app.accounts.telephone_models import TelephoneGuardian
from app.extensions import db
from app.regions import areas

TABLES = (User, Patient, Guardianship, Consent, Departure, OneTimeCode, FailedAttempts, TelephoneGuardian)


def register() -> None:
    """Make this part known."""
    register_holding(Holding("person", shown, erase, tables=TABLES))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return the person, their account if it is the user's own, consents and guardianships."""
    found: dict[str, Any] = {
        "person": {
            "name": patient.name,
            "birth_date": patient.birth_date,
            "sex": str(patient.sex),
            "mobile": patient.mobile,
            "area": _area(patient.area),
            "exceptions": patient.exceptions or [],
            "since": stamp(patient.created_at),
        },
        "consents": [
            {
                "kind": str(consent.kind),
                "version": consent.version,
                "given_at": stamp(consent.given_at),
                "withdrawn_at": stamp(consent.withdrawn_at),
                "by_me": consent.user_id == user.id,
                "channel": str(consent.channel),
            }
            for consent in consents_of(user, patient)
            if consent.patient_id == patient.id or patient.user_id == user.id
        ],
        "guardianships": _guardianships(user, patient),
        "guardian_on_the_telephone": _on_the_telephone(patient),
    }
    if patient.user_id == user.id:
        found["account"] = {
            "name": user.name,
            "email": user.email,
            "mobile": user.mobile,
            "language": user.locale,
            "has_password": user.password is not None,
            "since": stamp(user.created_at),
        }
    return found


def _on_the_telephone(patient: Patient) -> dict[str, str | None] | None:
    row = guardian_of(patient)
    if row is None:
        return None
    return {"name": row.name, "relation": row.relation, "since": stamp(row.recorded_at)}


def _area(code: str | None) -> dict[str, str] | None:
    place = areas.area(code)
    return {"code": place.code, "name": place.full_name()} if place is not None else None


def _guardianships(user: User, patient: Patient) -> list[dict[str, Any]]:
    mine = (Guardianship.patient_id == patient.id) & (Guardianship.guardian_id == user.id)
    about = Guardianship.guardian_id == user.id if patient.user_id == user.id else mine
    query = select(Guardianship).where(about | (Guardianship.patient_id == patient.id))
    return [
        {
            "patient": row.patient.name if row.patient.erased_at is None else None,
            "guardian_is_me": row.guardian_id == user.id,
            "relation": row.relation,
            "started_at": stamp(row.started_at),
            "ended_at": stamp(row.ended_at),
        }
        for row in db.session.scalars(query.order_by(Guardianship.id))
    ]


def erase(_departure: Departure) -> None:
    """Nothing yet: whatever is here goes last, when every other room is done (`leaving.finish`)."""


def stamp(moment: datetime | None) -> str | None:
    """Return a moment as the archive writes it (ISO 8601, UTC)."""
    return None if moment is None else moment.isoformat(timespec="seconds")
