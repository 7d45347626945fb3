"""Names for pages that say who did something: of those who work here, and of helpers to whom they help."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from app.accounts.models import Guardianship, User
from app.accounts.proxy_models import ProxyPermission
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


def guardian_ids(patient_id: int) -> set[int]:
    """Return who is, or was, the guardian of a patient."""
    query = select(Guardianship.guardian_id).where(Guardianship.patient_id == patient_id)
    return set(db.session.scalars(query))
