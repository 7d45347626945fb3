"""What a permission opens: for whom a helper may act at this moment, and who helps whom.

A decision that something is written upon is taken inside of the transaction that writes it, and holds the
permission until that transaction ends: who takes it back at that moment goes before, or after.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Patient, User
from app.accounts.proxy_models import HealthPost, ProxyPermission, Scope
from app.extensions import db
from app.infra import clock
from app.infra.database import is_writing


def in_force() -> ColumnElement[bool]:
    """Return the condition that a permission stands at this moment; none does of who was erased."""
    of_nobody_erased = ProxyPermission.patient.has(Patient.erased_at.is_(None))
    return ProxyPermission.revoked_at.is_(None) & (ProxyPermission.ends_at > clock.now()) & of_nobody_erased


def stands(permission: ProxyPermission) -> bool:
    """True while the permission is neither taken back nor over."""
    over = permission.revoked_at is not None or permission.ends_at <= clock.now()
    return not over and permission.patient.erased_at is None


def permission_of(user: User, patient: Patient) -> ProxyPermission | None:
    """Return the permission by which `user` may act for the patient at this moment, None without one."""
    query = select(ProxyPermission).where(
        ProxyPermission.proxy_id == user.id, ProxyPermission.patient_id == patient.id, in_force()
    )
    if is_writing():
        query = query.with_for_update(read=True, of=ProxyPermission)
    return db.session.scalar(query.execution_options(populate_existing=True))


def permission_id(user_id: int, patient_id: int) -> str | None:
    """Return the public id of the permission that stands between the two, for the audit log."""
    query = select(ProxyPermission.public_id).where(
        ProxyPermission.proxy_id == user_id, ProxyPermission.patient_id == patient_id, in_force()
    )
    with db.session.no_autoflush:
        return db.session.scalar(query)


def helped_ids(user: User, scope: Scope | None = None) -> Select[int]:
    """Select the ids of the patients who have given `user` a permission (of this scope) that stands."""
    query = select(ProxyPermission.patient_id).where(ProxyPermission.proxy_id == user.id, in_force())
    return query if scope is None else query.where(ProxyPermission.scope == scope)


def permissions_held(user: User) -> list[ProxyPermission]:
    """Return the permissions of `user` that stand, with their patients, the oldest first."""
    query = (
        select(ProxyPermission)
        .options(joinedload(ProxyPermission.patient))
        .where(ProxyPermission.proxy_id == user.id, in_force())
    )
    return list(db.session.scalars(query.order_by(ProxyPermission.granted_at, ProxyPermission.id)))


def permissions_given(patient: Patient) -> list[ProxyPermission]:
    """Return the permissions that the patient has given and that stand, with the helpers, the oldest first."""
    query = (
        select(ProxyPermission)
        .options(joinedload(ProxyPermission.proxy))
        .where(ProxyPermission.patient_id == patient.id, in_force())
    )
    return list(db.session.scalars(query.order_by(ProxyPermission.granted_at, ProxyPermission.id)))


def former_helpers(patient: Patient, limit: int = 20) -> list[ProxyPermission]:
    """Return the permissions that are over, the latest first; one that was only replaced is left out."""
    over = ProxyPermission.revoked_at.is_not(None) | (ProxyPermission.ends_at <= clock.now())
    replaced = ProxyPermission.revoked_how.is_not(None) & (ProxyPermission.revoked_how == "replaced")
    query = (
        select(ProxyPermission)
        .options(joinedload(ProxyPermission.proxy))
        .where(ProxyPermission.patient_id == patient.id, over, ~replaced)
    )
    return list(db.session.scalars(query.order_by(ProxyPermission.id.desc()).limit(limit)))


def helper_ids(patient: Patient, scope: Scope | None = None) -> Select[int]:
    """Select the ids of the users whom the patient has permitted to act (with this scope) at this moment."""
    query = select(ProxyPermission.proxy_id).where(ProxyPermission.patient_id == patient.id, in_force())
    return query if scope is None else query.where(ProxyPermission.scope == scope)


def post_of(user: User) -> HealthPost | None:
    """Return the public-health post that `user` was found to work at, None for everybody else."""
    return db.session.get(HealthPost, user.id)


def posts_of(user_ids: list[int]) -> dict[int, str]:
    """Return the names of the posts where these users work, by user."""
    found = db.session.scalars(select(HealthPost).where(HealthPost.user_id.in_(user_ids)))
    return {post.user_id: post.institution for post in found}
