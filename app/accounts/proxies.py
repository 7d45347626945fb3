"""Giving a helper permission to act for a grown patient, and taking it back.

Permission is the patient's own: by a code that came to their telephone (`proxy_asking`), or from their own
account (`proxy_offers`). Children under 14 have guardians instead (`care`).
"""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from app.accounts.age import decides_alone
from app.accounts.errors import NotOfAge, NotYours, TooManyHelped, TooManyHelpers
from app.accounts.models import Patient, User
from app.accounts.proxy_access import in_force, post_of
from app.accounts.proxy_models import Ended, Granted, ProxyPermission, Relation, Scope
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction
from app.permissions import ROLE_PERMISSIONS, Permission, Role

LASTS = timedelta(days=365)
"""No permission is for ever: an old one is asked for again."""
MAX_HELPED = 10
MAX_HELPED_BY_POST = 200
MAX_HELPERS = 5


def grant(
    patient_id: int, helper_id: int, *, relation: Relation, scope: Scope, how: Granted
) -> ProxyPermission:
    """Record the permission, in the transaction in progress; an earlier one of the same two ends with it.

    Raises `NotYours` for someone who cannot help (a doctor, the patient themself, a post that nobody has
    checked), `NotOfAge` for a child, `TooManyHelped`, `TooManyHelpers`.
    """
    # The patient is not locked: whoever acts holds a permission first and the patient then (see `permission_of`).
    helper, patient = fresh(User, helper_id), db.session.get(Patient, patient_id)
    if helper is None or patient is None or not may_help(helper, relation) or patient.user_id == helper_id:
        raise NotYours
    if patient.erased_at is not None:
        raise NotYours
    if not decides_alone(patient):
        raise NotOfAge
    now = clock.now()
    _replace(patient, helper)
    if _count(ProxyPermission.proxy_id == helper_id) >= most_helped(helper):
        raise TooManyHelped(most_helped(helper))
    if _count(ProxyPermission.patient_id == patient_id) >= MAX_HELPERS:
        raise TooManyHelpers(MAX_HELPERS)
    made = ProxyPermission(
        public_id=random_id(),
        patient_id=patient_id,
        proxy_id=helper_id,
        relation=relation,
        scope=scope,
        granted_how=how,
        granted_at=now,
        ends_at=now + LASTS,
    )
    db.session.add(made)
    db.session.flush()
    audit.record("proxy.granted", f"proxy:{made.public_id}", patient_id=patient_id)
    _tell_both("granted", made)
    return made


def _tell_both(what: str, permission: ProxyPermission) -> None:
    for kind in (f"accounts.tell_proxy_{what}", f"accounts.tell_proxy_helper_{what}"):
        jobs.enqueue(kind, dedupe_key=permission.public_id, permission_id=permission.id)


def may_help(user: User, relation: Relation) -> bool:
    """True for an active patient's account; as a public-health post only where an operator has checked it."""
    if user.role != Role.PATIENT or not user.active:
        return False
    return relation != Relation.HEALTH_POST or post_of(user) is not None


def most_helped(user: User) -> int:
    """Return for how many patients `user` may act at once."""
    return MAX_HELPED if post_of(user) is None else MAX_HELPED_BY_POST


def _replace(patient: Patient, helper: User) -> None:
    query = select(ProxyPermission.id).where(
        ProxyPermission.proxy_id == helper.id,
        ProxyPermission.patient_id == patient.id,
        ProxyPermission.revoked_at.is_(None),
    )
    for found in db.session.scalars(query.order_by(ProxyPermission.id)).all():
        earlier = fresh(ProxyPermission, found)
        if earlier is not None and earlier.revoked_at is None:
            earlier.revoked_at, earlier.revoked_how = clock.now(), Ended.REPLACED
            earlier.revoked_by_id = helper.id
    db.session.flush()


def _count(mine: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(ProxyPermission.id)).where(mine, in_force())) or 0


def how_ended_by(user: User, permission: ProxyPermission) -> Ended | None:
    """Return as what `user` may end the permission: the patient, the helper, an operator; None for others."""
    if permission.patient.user_id is not None and permission.patient.user_id == user.id:
        return Ended.PATIENT
    if permission.proxy_id == user.id:
        return Ended.PROXY
    if Permission.PROXY_MANAGE in ROLE_PERMISSIONS[Role(user.role)]:
        return Ended.OPERATOR
    return None


def revoke(public_id: str, user: User | None) -> ProxyPermission:
    """End a permission; ending it again changes nothing. `user` is None for the address in the text message.

    Both are told. Raises `NotYours` for anybody else's.
    """
    with transaction() as session:
        found = session.scalar(select(ProxyPermission.id).where(ProxyPermission.public_id == public_id))
        row = fresh(ProxyPermission, found) if found is not None else None
        if row is None:
            raise NotYours
        how = Ended.LINK if user is None else how_ended_by(user, row)
        if how is None:
            raise NotYours
        if row.revoked_at is not None:
            return row
        audit.record("proxy.revoked", f"proxy:{public_id}", patient_id=row.patient_id)
        row.revoked_at, row.revoked_how = clock.now(), how
        row.revoked_by_id = user.id if user is not None else None
        _tell_both("revoked", row)
    return row


def stop_token(permission: ProxyPermission) -> str:
    """Return what stands in the address by which the permission is ended without signing in."""
    mac = hmac.digest(keyring().derive("proxy stop"), permission.public_id.encode(), "sha256")
    return f"{permission.public_id}.{base64.urlsafe_b64encode(mac[:12]).decode()}"


def by_stop_token(token: str) -> ProxyPermission | None:
    """Return the permission whose address this is, None for a wrong one."""
    public_id = token.partition(".")[0]
    found = db.session.scalar(select(ProxyPermission).where(ProxyPermission.public_id == public_id))
    if found is None or not hmac.compare_digest(stop_token(found).encode(), token.encode()):
        return None
    return found


def renew(public_id: str, user: User) -> ProxyPermission:
    """Give the helper another year; only the signed-in patient can. Raises as `grant`."""
    with transaction() as session:
        row = session.scalar(select(ProxyPermission).where(ProxyPermission.public_id == public_id))
        if row is None or row.patient.user_id != user.id:
            raise NotYours
        return grant(
            row.patient_id, row.proxy_id, relation=row.relation, scope=row.scope, how=Granted.ACCOUNT
        )
