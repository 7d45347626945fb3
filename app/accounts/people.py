"""Names of those who work here, for pages that say who did something. Patients are not named by it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from app.accounts.models import User
from app.extensions import db
from app.permissions import Role


def staff_names(user_ids: Collection[int]) -> dict[int, str]:
    """Return the names of the doctors and operators among these users, by id."""
    query = select(User).where(User.id.in_(user_ids), User.role.in_((Role.DOCTOR, Role.OPERATOR)))
    return {user.id: user.name for user in db.session.scalars(query)}
