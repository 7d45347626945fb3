"""Which patients a person may see."""

from __future__ import annotations

from sqlalchemy import Select, or_, select

from app.accounts.models import Guardianship, Patient, User
from app.accounts.proxy_access import helped_ids
from app.accounts.proxy_models import Scope


def visible_patients(user: User) -> Select[Patient]:
    """Select the patients whom `user` is, is the guardian of, or may act for by their permission, at present.

    That includes children who have turned 14 since: what was sent before stays to be read. Whether
    something new may be started for them is asked of `consents.is_in_charge_of`. Who was erased is seen by nobody.
    """
    helped = Patient.id.in_(helped_ids(user))
    mine = or_(Patient.user_id == user.id, Patient.id.in_(_in_care(user)), helped)
    return select(Patient).where(mine, Patient.erased_at.is_(None))


def patients_in_hand(user: User) -> Select[Patient]:
    """Select those of `visible_patients` whom `user` is or is the guardian of: never whom they help.

    For what is the patient's own alone: seeing who looked, taking everything along, correcting, erasing.
    """
    mine = or_(Patient.user_id == user.id, Patient.id.in_(_in_care(user)))
    return select(Patient).where(mine, Patient.erased_at.is_(None))


def _in_care(user: User) -> Select[int]:
    return select(Guardianship.patient_id).where(
        Guardianship.guardian_id == user.id, Guardianship.ended_at.is_(None)
    )


def readable_ids(user: User) -> Select[int]:
    """Select the ids of those of `visible_patients` whose findings `user` may read."""
    helped = Patient.id.in_(helped_ids(user, Scope.READ))
    mine = or_(Patient.user_id == user.id, Patient.id.in_(_in_care(user)), helped)
    return select(Patient.id).where(mine, Patient.erased_at.is_(None))


def patient_ids(user: User) -> Select[int]:
    """Select the ids of `visible_patients`, for use inside other rooms' queries."""
    return visible_patients(user).with_only_columns(Patient.id)
