"""A signed-in patient gives somebody permission, by that person's number or e-mail address.

Nothing shows whether the address is known: it is written down in any case, and the worker alone looks at who
has it. Whoever proves the address by signing in with it finds the offer and takes it up, or turns it down.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts import contacts
from app.accounts.errors import NotAsked, NotYours, TooManyHelpers, TooManyRequests
from app.accounts.identity import Identity
from app.accounts.models import Patient, User
from app.accounts.proxies import MAX_HELPERS, grant
from app.accounts.proxy_models import Granted, ProxyOffer, ProxyPermission, Relation, Scope
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh, random_id, transaction

LASTS = timedelta(days=14)
PER_DAY = 5


def offer(user: User, identity: Identity, *, relation: Relation, scope: Scope) -> ProxyOffer:
    """Offer the permission to whoever has the address; offered again, the earlier offer ends.

    Raises `NotYours` for one's own address or someone who is no patient, `TooManyHelpers`, `TooManyRequests`.
    """
    if identity in contacts.identities_of(user) or relation == Relation.HEALTH_POST:
        raise NotYours
    with transaction() as session:
        own = session.scalar(select(Patient).where(Patient.user_id == user.id))
        patient = fresh(Patient, own.id) if own is not None else None
        if patient is None:
            raise NotYours
        now = clock.now()
        today = select(func.count()).where(
            ProxyOffer.patient_id == patient.id, ProxyOffer.created_at > now - timedelta(days=1)
        )
        if (session.scalar(today) or 0) >= PER_DAY:
            raise TooManyRequests
        for earlier in offers_of(patient):
            if earlier.address == identity.value:
                earlier.closed_at = now
        _close_old(patient)
        session.flush()
        if len(offers_of(patient)) >= MAX_HELPERS:
            raise TooManyHelpers(MAX_HELPERS)
        made = ProxyOffer(
            public_id=random_id(),
            patient_id=patient.id,
            address=identity.value,
            relation=relation,
            scope=scope,
            created_at=now,
            expires_at=now + LASTS,
        )
        session.add(made)
        session.flush()
        audit.record("proxy.offered", f"offer:{made.public_id}", patient_id=patient.id)
        jobs.enqueue("accounts.tell_proxy_offered", dedupe_key=made.public_id, offer_id=made.id)
    return made


def _close_old(patient: Patient) -> None:
    query = select(ProxyOffer).where(
        ProxyOffer.patient_id == patient.id,
        ProxyOffer.closed_at.is_(None),
        ProxyOffer.expires_at <= clock.now(),
    )
    for old in db.session.scalars(query.order_by(ProxyOffer.id)):
        old.closed_at = clock.now()


def offers_of(patient: Patient) -> list[ProxyOffer]:
    """Return what the patient offers and nobody has taken up yet, the newest first."""
    query = select(ProxyOffer).where(
        ProxyOffer.patient_id == patient.id,
        ProxyOffer.closed_at.is_(None),
        ProxyOffer.expires_at > clock.now(),
    )
    return list(db.session.scalars(query.order_by(ProxyOffer.id.desc())))


def offers_to(user: User) -> list[ProxyOffer]:
    """Return what is offered to `user`, by the addresses that they have proven, the newest first."""
    addresses = [identity.value for identity in contacts.identities_of(user)]
    query = (
        select(ProxyOffer)
        .options(joinedload(ProxyOffer.patient))
        .where(
            ProxyOffer.address.in_(addresses),
            ProxyOffer.patient.has(Patient.erased_at.is_(None)),
            ProxyOffer.closed_at.is_(None),
            ProxyOffer.expires_at > clock.now(),
        )
    )
    return list(db.session.scalars(query.order_by(ProxyOffer.id.desc())))


def accept(user: User, public_id: str) -> ProxyPermission:
    """Take an offer up; doing it again changes nothing. Raises `NotAsked`, and what `grant` raises."""
    with transaction():
        row = _locked(public_id)
        if row is None or not _is_to(user, row):
            raise NotAsked
        if row.permission_id is not None:
            held = db.session.get(ProxyPermission, row.permission_id)
            if held is not None and held.proxy_id == user.id:
                return held
        if row.closed_at is not None or row.expires_at <= clock.now():
            raise NotAsked
        permission = grant(
            row.patient_id, user.id, relation=row.relation, scope=row.scope, how=Granted.ACCOUNT
        )
        row.closed_at, row.permission_id = clock.now(), permission.id
    return permission


def close(user: User, public_id: str) -> ProxyOffer:
    """Take one's own offer back, or turn down one that was made to oneself. Raises `NotAsked`."""
    with transaction():
        row = _locked(public_id)
        if row is None or not (row.patient.user_id == user.id or _is_to(user, row)):
            raise NotAsked
        if row.closed_at is None:
            row.closed_at = clock.now()
            audit.record("proxy.offer_closed", f"offer:{public_id}", patient_id=row.patient_id)
    return row


def _locked(public_id: str) -> ProxyOffer | None:
    found = db.session.scalar(select(ProxyOffer.id).where(ProxyOffer.public_id == public_id))
    return fresh(ProxyOffer, found) if found is not None else None


def _is_to(user: User, row: ProxyOffer) -> bool:
    return row.address in [identity.value for identity in contacts.identities_of(user)]
