"""What an operator does for someone on the telephone: find who acts for them, so that it can be ended."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app.accounts.errors import NotYours
from app.accounts.models import Patient, User
from app.accounts.proxy_access import in_force
from app.accounts.proxy_models import ProxyPermission
from app.audit import service as audit
from app.extensions import db
from app.permissions import ROLE_PERMISSIONS, Permission, Role


def permissions_of_number(operator: User, mobile: str) -> list[ProxyPermission]:
    """Return the permissions that stand of everyone reached by this number (E.164), by patient.

    Looking is recorded for each patient found. Raises `NotYours` for somebody who is no operator.
    """
    if Permission.PROXY_MANAGE not in ROLE_PERMISSIONS[Role(operator.role)]:
        raise NotYours
    query = (
        select(ProxyPermission)
        .join(ProxyPermission.patient)
        .outerjoin(User, User.id == Patient.user_id)
        .options(joinedload(ProxyPermission.patient), joinedload(ProxyPermission.proxy))
        .where(or_(User.mobile == mobile, Patient.mobile == mobile), in_force())
    )
    found = list(db.session.scalars(query.order_by(ProxyPermission.patient_id, ProxyPermission.id)))
    audit.record_each("proxy.looked_up", [(f"proxy:{row.public_id}", row.patient_id) for row in found])
    return found
