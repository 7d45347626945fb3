"""Which patients a person may see."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.age import came_of_age
from app.accounts.care import dependents_of
from app.accounts.consents import outgrown_by
from app.accounts.models import Guardianship, Patient, User
from app.accounts.proxy_access import helped_ids
from app.accounts.proxy_models import Scope


def visible_patients(user: User) -> Select[Patient]:
    """Select the patients whom `user` is, is the guardian of, or may act for by their permission, at present.

    That includes children who have turned 14 since: what was sent before stays to be read. Whether
    something new may be started for them is asked of `consents.is_in_charge_of`, and whether something was begun
    before of `begun_in_care`. Who was erased is seen by nobody.
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


def begun_in_care(
    user: User, patient_id: InstrumentedAttribute[int], begun_at: InstrumentedAttribute[datetime]
) -> ColumnElement[bool]:
    """Return the condition that something is not a grown child's own, to go with `patient_ids`.

    From a child's 14th birthday on, their guardian keeps what was begun before: they see it, also when it changes,
    are told of it and may end it. What is begun since, by the child or on the telephone, is the child's alone. With
    the child's permission (`proxies`) the guardian is a helper as any other. True of everybody who is no such child.
    """
    grown = [child for child in dependents_of(user) if outgrown_by(user, child)]
    own = [_is_own(patient_id == child.id, begun_at, came_of_age(child)) for child in grown]
    return not_(or_(*own)) if own else true()


def _is_own(
    of_child: ColumnElement[bool], begun_at: InstrumentedAttribute[datetime], since: datetime | None
) -> ColumnElement[bool]:
    return of_child if since is None else and_(of_child, begun_at >= since)


def patient_ids(user: User) -> Select[int]:
    """Select the ids of `visible_patients`, for use inside other rooms' queries."""
    return visible_patients(user).with_only_columns(Patient.id)
