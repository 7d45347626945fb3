"""A helper asks for permission: a code goes to the patient's telephone, who reads it aloud.

That is the one way for someone who has a telephone number and nothing else. The message says who asks, for
whom and for what; the code is good for this helper alone. Nothing here depends on whether the number is
known: only once its owner has read the code aloud is looked at who that is. Whoever has no account yet
becomes a patient with a number and no user.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import func, select

from app.accounts import codes, service
from app.accounts.age import AGE_OF_CONSENT, age_in_years
from app.accounts.care import add_patient, unclaimed
from app.accounts.consents import give_consents
from app.accounts.errors import (
    ConsentMissing,
    NotAsked,
    NotOfAge,
    NotYours,
    OtherName,
    TooManyHelped,
    TooManyRequests,
    WrongCode,
)
from app.accounts.identity import Channel, Identity
from app.accounts.models import ConsentKind, Patient, Sex, User
from app.accounts.names import bare
from app.accounts.proxies import grant, may_help, most_helped
from app.accounts.proxy_access import helped_ids
from app.accounts.proxy_models import Granted, ProxyPermission, ProxyRequest, Relation, Scope
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, random_id, transaction

PER_DAY = 20
"""How often one helper may ask, whomever: nobody is to send messages to strangers from here."""
PER_DAY_BY_POST = 60
TIME_FOR_DETAILS = timedelta(minutes=30)


def ask(helper: User, *, name: str, mobile: str, relation: Relation, scope: Scope) -> ProxyRequest:
    """Send the code to the patient's number (E.164). The one before it, whoever asked, is void.

    Raises `NotYours` for one's own number or somebody who cannot help, `TooManyHelped`, `TooManyRequests`,
    `TooManyCodes`.
    """
    if helper.mobile == mobile or not may_help(helper, relation):
        raise NotYours
    with transaction() as session:
        fresh(User, helper.id)
        most = most_helped(helper)
        held = session.scalar(select(func.count()).select_from(helped_ids(helper).subquery())) or 0
        if held >= most:
            raise TooManyHelped(most)
        since = clock.now() - timedelta(days=1)
        asked = select(func.count()).where(
            ProxyRequest.proxy_id == helper.id, ProxyRequest.created_at > since
        )
        if (session.scalar(asked) or 0) >= (PER_DAY_BY_POST if most > PER_DAY else PER_DAY):
            raise TooManyRequests
        nonce = codes.request_code(codes.Purpose.PROXY, Identity(Channel.MOBILE, mobile), "ko")
        request = ProxyRequest(
            public_id=random_id(),
            proxy_id=helper.id,
            mobile=mobile,
            name=name.strip(),
            relation=relation,
            scope=scope,
            nonce=nonce,
            created_at=clock.now(),
        )
        session.add(request)
    return request


def request_of(helper: User, public_id: str) -> ProxyRequest | None:
    """Return what `helper` has asked for under this id, None if it is nobody's or somebody else's."""
    query = select(ProxyRequest).where(
        ProxyRequest.proxy_id == helper.id, ProxyRequest.public_id == public_id
    )
    return db.session.scalar(query)


def awaits_details(request: ProxyRequest) -> bool:
    """True once the code was right, while the patient, who has no account, is still to be entered."""
    if request.proven_at is None or request.permission_id is not None:
        return False
    return request.proven_at + TIME_FOR_DETAILS > clock.now()


def confirm(helper: User, public_id: str, entered: str) -> ProxyPermission | None:
    """Take the code that the patient read aloud; return the permission, None if they have no account yet.

    Raises `NotAsked`, `WrongCode`, `Locked`, and `OtherName` where the number's account is in another name.
    """
    asked = request_of(helper, public_id)
    if asked is None:
        raise NotAsked
    if asked.permission is not None or awaits_details(asked):
        return asked.permission
    identity = Identity(Channel.MOBILE, asked.mobile)
    if not codes.check_code(codes.Purpose.PROXY, identity, entered, nonce=asked.nonce):
        raise WrongCode
    owner = service.find_user(mobile=asked.mobile)
    if owner is not None:
        return _granted_by_owner(asked.id, owner)
    with transaction():
        row = fresh(ProxyRequest, asked.id)
        if row is None:
            raise NotAsked
        row.proven_at = clock.now()
    return None


def _granted_by_owner(request_id: int, owner: User) -> ProxyPermission:
    with transaction() as session:
        row = fresh(ProxyRequest, request_id)
        if row is None:
            raise NotAsked
        if row.permission is not None:
            return row.permission
        own = session.scalar(select(Patient).where(Patient.user_id == owner.id))
        if own is None or not owner.active:
            raise NotYours
        if bare(own.name) != bare(row.name):
            raise OtherName
        permission = grant(own.id, row.proxy_id, relation=row.relation, scope=row.scope, how=Granted.CODE)
        row.permission_id = permission.id
    return permission


def complete(
    helper: User, public_id: str, *, birth_date: date, sex: Sex, consents: Collection[ConsentKind]
) -> ProxyPermission:
    """Enter the patient who has no account, with what they said they agree to; sent twice, it is one.

    The consents are recorded with the helper's name, for it was the helper who asked for them. Raises
    `NotAsked` (also when it took too long), `NotOfAge`, `ConsentMissing`, and what `grant` raises.
    """
    if age_in_years(birth_date) < AGE_OF_CONSENT:
        raise NotOfAge
    if ConsentKind.HEALTH_DATA not in consents:
        raise ConsentMissing([ConsentKind.HEALTH_DATA])
    with transaction():
        asked = request_of(helper, public_id)
        row = fresh(ProxyRequest, asked.id) if asked is not None else None
        if row is None:
            raise NotAsked
        if row.permission is not None:
            return row.permission
        if not awaits_details(row) or service.find_user(mobile=row.mobile) is not None:
            raise NotAsked
        fresh(User, helper.id)
        patient = _known(row.mobile, row.name, birth_date) or add_patient(
            row.name, birth_date, sex, helper.is_demo, mobile=row.mobile
        )
        permission = grant(patient.id, helper.id, relation=row.relation, scope=row.scope, how=Granted.CODE)
        row.permission_id = permission.id
        give_consents(helper, patient, consents)
    return permission


def _known(mobile: str, name: str, birth_date: date) -> Patient | None:
    """Return the patient without an account whom somebody has already entered by this number and name."""
    for patient in unclaimed(mobile):
        if bare(patient.name) == bare(name) and patient.birth_date == birth_date.isoformat():
            return patient
    return None
