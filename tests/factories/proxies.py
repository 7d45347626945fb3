"""Helpers and the patients who let them act, with an account or with a telephone alone."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from sqlalchemy import select

from app.accounts import proxies, proxy_asking, proxy_offers
from app.accounts.codes import code_of
from app.accounts.identity import parse
from app.accounts.models import ConsentKind, OneTimeCode, Patient, Sex, User
from app.accounts.proxy_models import Granted, ProxyOffer, ProxyPermission, ProxyRequest, Relation, Scope
from app.extensions import db
from app.infra.database import transaction

_numbers = itertools.count(1)
AGREED = (ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE, ConsentKind.AI_NOTICE)


def create_permission(patient: Patient, helper: User, **given: Any) -> ProxyPermission:
    """Return the patient's permission for `helper`: a grandchild who may do everything, unless told otherwise."""
    values: dict[str, Any] = {
        "relation": Relation.GRANDCHILD,
        "scope": Scope.READ,
        "how": Granted.ACCOUNT,
    }
    with transaction():
        return proxies.grant(patient.id, helper.id, **(values | given))


def create_request(helper: User, **given: Any) -> ProxyRequest:
    """Return what `helper` has asked of somebody without an account."""
    values: dict[str, Any] = {
        "name": "김순자",
        "mobile": f"+82103{next(_numbers):07d}",
        "relation": Relation.GRANDCHILD,
        "scope": Scope.READ,
    }
    return proxy_asking.ask(helper, **(values | given))


def code_for(request: ProxyRequest) -> str:
    """Return the code that belongs to a request."""
    row = db.session.scalars(select(OneTimeCode).where(OneTimeCode.nonce == request.nonce)).one()
    return code_of(row)


def create_proven_request(helper: User, **given: Any) -> ProxyRequest:
    """Return a request whose code was right, of somebody without an account who is yet to be entered."""
    request = create_request(helper, **given)
    assert proxy_asking.confirm(helper, request.public_id, code_for(request)) is None
    return request


def create_telephone_patient(helper: User, **given: Any) -> ProxyPermission:
    """Return the permission of a patient who has a telephone number and no account."""
    request = create_proven_request(helper, **given)
    return proxy_asking.complete(
        helper, request.public_id, birth_date=date(1948, 4, 5), sex=Sex.FEMALE, consents=AGREED
    )


def create_offer(patient: User, address: str, **given: Any) -> ProxyOffer:
    """Return what `patient` offers to whoever has the address."""
    values: dict[str, Any] = {"relation": Relation.NEIGHBOUR, "scope": Scope.SEND}
    return proxy_offers.offer(patient, parse(address), **(values | given))
