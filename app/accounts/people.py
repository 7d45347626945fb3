"""Names for pages that say who did something: of those who work here, and of helpers to whom they help."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Guardianship, User
from app.accounts.proxy_models import Granted, ProxyPermission
from app.extensions import db
from app.permissions import Role


def staff_names(user_ids: Collection[int]) -> dict[int, str]:
    """Return the names of the doctors and operators among these users, by id."""
    query = select(User).where(User.id.in_(user_ids), User.role.in_((Role.DOCTOR, Role.OPERATOR)))
    return {user.id: user.name for user in db.session.scalars(query)}


def helper_names(permissions: Collection[str]) -> dict[str, str]:
    """Return the names of the helpers who act by these permissions, by the permission's public id; "" of who has left."""
    query = (
        select(ProxyPermission.public_id, User.name)
        .join(User, User.id == ProxyPermission.proxy_id)
        .where(ProxyPermission.public_id.in_(permissions))
    )
    return {row.public_id: row.name for row in db.session.execute(query)}


@dataclass(frozen=True)
class Helper:
    """Somebody whom a patient has permitted to act; the name is "" once they have left."""

    name: str
    since: datetime


def helpers_ever(patient_id: int) -> dict[int, Helper]:
    """Return by user everybody who acts or once acted for a patient, since the first time."""
    query = (
        select(ProxyPermission.proxy_id, User.name, ProxyPermission.granted_at)
        .join(User, User.id == ProxyPermission.proxy_id)
        .where(ProxyPermission.patient_id == patient_id)
    )
    newest_first = query.order_by(ProxyPermission.granted_at.desc(), ProxyPermission.id.desc())
    return {row.proxy_id: Helper(row.name, row.granted_at) for row in db.session.execute(newest_first)}


def given_by_code(permissions: Collection[str]) -> set[str]:
    """Return which of these permissions (public ids) were given by a code that the patient read aloud."""
    query = select(ProxyPermission.public_id).where(
        ProxyPermission.public_id.in_(permissions), ProxyPermission.granted_how == Granted.CODE
    )
    return set(db.session.scalars(query))


def guardian_ids(patient_id: int) -> set[int]:
    """Return who is, or was, the guardian of a patient."""
    query = select(Guardianship.guardian_id).where(Guardianship.patient_id == patient_id)
    return set(db.session.scalars(query))
