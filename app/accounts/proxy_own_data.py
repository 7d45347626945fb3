"""What this room holds of helping: who may act for a patient, whom they may act for, and how that was asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from app.accounts import contacts
from app.accounts.holdings import Holding
from app.accounts.holdings import register as register_holding
from app.accounts.models import Departure, Patient, User
from app.accounts.names import bare
from app.accounts.own_data import stamp
from app.accounts.proxy_access import post_of, stands
from app.accounts.proxy_models import Ended, HealthPost, ProxyOffer, ProxyPermission, ProxyRequest
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, transaction

TABLES = (ProxyPermission, ProxyRequest, ProxyOffer, HealthPost)
TELL_HELPER, TELL_HELPED = "accounts.tell_helper_patient_left", "accounts.tell_patient_helper_left"


def register() -> None:
    """Make this part known."""
    register_holding(Holding("helping", shown, erase, tables=TABLES))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return who may act, or could, for the patient; of the user's own account also whom they may act for."""
    given = select(ProxyPermission).where(ProxyPermission.patient_id == patient.id)
    offers = select(ProxyOffer).where(ProxyOffer.patient_id == patient.id)
    found: dict[str, Any] = {
        "helpers": [
            {"helper": row.proxy.name, **_permission(row)}
            for row in db.session.scalars(given.order_by(ProxyPermission.id))
        ],
        "helpers_asked": [
            {
                "address": row.address,
                "relation": str(row.relation),
                "scope": str(row.scope),
                "asked_at": stamp(row.created_at),
                "until": stamp(row.expires_at),
                "closed_at": stamp(row.closed_at),
            }
            for row in db.session.scalars(offers.order_by(ProxyOffer.id))
        ],
    }
    return found | (_as_helper(user) if patient.user_id == user.id else {})


def _as_helper(user: User) -> dict[str, Any]:
    held = select(ProxyPermission).where(ProxyPermission.proxy_id == user.id)
    asked = select(ProxyRequest).where(ProxyRequest.proxy_id == user.id)
    post = post_of(user)
    return {
        # Of somebody who takes the permission back, a helper keeps no list of names.
        "helping": [
            {"patient": row.patient.name if stands(row) else None, **_permission(row)}
            for row in db.session.scalars(held.order_by(ProxyPermission.id))
        ],
        "helping_asked": [
            {
                "name": row.name,
                "mobile": row.mobile,
                "relation": str(row.relation),
                "scope": str(row.scope),
                "asked_at": stamp(row.created_at),
                "code_given_at": stamp(row.proven_at),
            }
            for row in db.session.scalars(asked.order_by(ProxyRequest.id))
        ],
        "health_post": {"institution": post.institution, "checked_at": stamp(post.checked_at)}
        if post is not None
        else None,
    }


def _permission(row: ProxyPermission) -> dict[str, Any]:
    return {
        "relation": str(row.relation),
        "scope": str(row.scope),
        "given_by": str(row.granted_how),
        "given_at": stamp(row.granted_at),
        "until": stamp(row.ends_at),
        "ended_at": stamp(row.revoked_at),
        "ended_by": str(row.revoked_how) if row.revoked_how is not None else None,
    }


def erase(departure: Departure) -> None:
    """End what was permitted, and delete every name, number and address that was entered to ask for it.

    The rows of the permissions stay for as long as a record is kept: they say who acted in whose place.
    """
    mine = [ProxyPermission.patient_id == departure.patient_id]
    if departure.user_id is not None:
        mine.append(ProxyPermission.proxy_id == departure.user_id)
    query = select(ProxyPermission.id).where(or_(*mine), ProxyPermission.revoked_at.is_(None))
    for permission_id in db.session.scalars(query.order_by(ProxyPermission.id)).all():
        with transaction():
            _end(permission_id, departure)
    with transaction() as session:
        _forget_what_was_asked(session, departure)


def _end(permission_id: int, departure: Departure) -> None:
    row = fresh(ProxyPermission, permission_id)
    if row is None or row.revoked_at is not None:
        return
    by_helper = row.proxy_id == departure.user_id
    row.revoked_at, row.revoked_how = clock.now(), Ended.PROXY if by_helper else Ended.PATIENT
    row.revoked_by_id = departure.asked_by_id
    audit.record("proxy.revoked", f"proxy:{row.public_id}", patient_id=row.patient_id)
    # By then the name of who has left may be gone: the message does without.
    if by_helper:
        jobs.enqueue(TELL_HELPED, dedupe_key=row.public_id, patient_id=row.patient_id)
    else:
        jobs.enqueue(TELL_HELPER, dedupe_key=row.public_id, user_id=row.proxy_id)


def _forget_what_was_asked(session: Session, departure: Departure) -> None:
    patient = session.get(Patient, departure.patient_id)
    user = session.get(User, departure.user_id) if departure.user_id is not None else None
    assert patient is not None
    session.execute(delete(ProxyOffer).where(_offers(patient, user)))
    gone = [row.id for row in session.scalars(_requests(patient, user)) if _is_about(row, patient, user)]
    session.execute(delete(ProxyRequest).where(ProxyRequest.id.in_(gone)))
    if user is not None:
        session.execute(delete(HealthPost).where(HealthPost.user_id == user.id))


def _offers(patient: Patient, user: User | None) -> ColumnElement[bool]:
    addresses = [identity.value for identity in contacts.identities_of(user)] if user is not None else []
    return (ProxyOffer.patient_id == patient.id) | ProxyOffer.address.in_(addresses)


def _requests(patient: Patient, user: User | None) -> Any:
    given = select(ProxyPermission.id).where(ProxyPermission.patient_id == patient.id)
    numbers = [number for number in (patient.mobile, user.mobile if user else None) if number]
    by_them = ProxyRequest.proxy_id == (user.id if user is not None else 0)
    about = ProxyRequest.permission_id.in_(given) | ProxyRequest.mobile.in_(numbers)
    return select(ProxyRequest).where(by_them | about).order_by(ProxyRequest.id)


def _is_about(row: ProxyRequest, patient: Patient, user: User | None) -> bool:
    """A request by or about who leaves; couples share a number, so one in another name is somebody else's."""
    if user is not None and row.proxy_id == user.id:
        return True
    if row.permission is not None:
        return row.permission.patient_id == patient.id
    return bare(row.name) == bare(patient.name)


def forget(patient_id: int) -> None:
    """Delete what is left of the permissions a patient gave, in the transaction in progress: nothing is kept of them."""
    given = select(ProxyPermission.id).where(ProxyPermission.patient_id == patient_id)
    for model in (ProxyRequest, ProxyOffer):
        db.session.execute(delete(model).where(model.permission_id.in_(given)))
    db.session.execute(delete(ProxyPermission).where(ProxyPermission.patient_id == patient_id))
