"""Somebody who called, or whom others have acted for, signs up: the account takes over the patient that is there."""

from __future__ import annotations

from datetime import date

from app.accounts.care import unclaimed
from app.accounts.models import Patient, Sex
from app.accounts.names import bare
from app.accounts.telephone_children import end_speaking
from app.audit import service as audit
from app.extensions import db
from app.infra.database import fresh


def claim(mobile: str | None, user_id: int, *, name: str, birth_date: date, sex: Sex) -> Patient | None:
    """Give the user the patient who was entered with this number, in the transaction in progress.

    The number is proven. Couples share a telephone, and numbers are given to others later: so the name and the year
    of birth must be the same (days are told by the moon's calendar as well). What the person says of themself stands
    in place of what was entered for them. None unless exactly one fits.
    """
    if mobile is None:
        return None
    fitting = [found for found in unclaimed(mobile) if _is_same(found, name, birth_date)]
    if len(fitting) != 1:
        return None
    row = fresh(Patient, fitting[0].id)
    if row is None or row.user_id is not None or row.erased_at is not None:
        return None
    end_speaking(row)  # what a guardian agreed to for the child that they were is asked of them now
    row.user_id, row.name, row.sex, row.mobile = user_id, name.strip(), sex, None
    row.birth_date = birth_date.isoformat()
    db.session.flush()
    audit.record("patient.claimed", f"patient:{row.public_id}", patient_id=row.id)
    return row


def _is_same(patient: Patient, name: str, birth_date: date) -> bool:
    born = patient.birth_date
    return born is not None and born[:4] == f"{birth_date.year:04}" and bare(patient.name) == bare(name)
