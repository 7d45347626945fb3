"""Who looks at the pages: signed in, half-way through signing in, invited."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import session
from flask_security.recoverable import generate_reset_password_token

from app.account import pending
from app.accounts import health_posts, invitations, proxies
from app.accounts import service as accounts
from app.accounts.codes import Purpose
from app.accounts.identity import Channel, Identity, parse
from app.accounts.models import ConsentKind, User
from app.accounts.proxy_models import Relation, Scope
from app.extensions import security
from app.infra import clock
from app.infra.database import random_id, transaction
from app.permissions import Role
from tests.e2e.site import Site
from tests.factories.accounts import PASSWORD, create_doctor, create_patient, submit
from tests.factories.proxies import (
    create_offer,
    create_permission,
    create_proven_request,
    create_request,
    create_telephone_patient,
)
from tests.harness.client import Client

LONG_NAME = "남궁마리아막달레나"
LONG_EMAIL = "a.rather.long.address.for.a.small.screen@hospital-of-the-south.example.test"


def enter(user: User) -> None:
    """Fill the session as a sign-in of this moment does."""
    session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
    session["sid"], session["seen"] = random_id(), int(clock.now().timestamp())
    session["fs_paa"] = time.time()  # the library looks at the real clock


def sign_in(site: Site, name: str, user: User, **more: Any) -> None:
    """Let `name` be signed in as `user`, having just proven who they are."""

    def fill() -> None:
        enter(user)
        session.update(more)

    site.remember(name, fill)


def helping(site: Site, patient: User, operator: User) -> None:
    """A nurse at a public-health post who acts for one, waits for others; and who helps the patient."""
    helper = create_patient(name="박하늘")
    health_posts.approve(operator, parse(helper.mobile or ""), "산청군 오부보건진료소")
    held = create_telephone_patient(
        helper, name="이말순", mobile="+821055557777", relation=Relation.HEALTH_POST
    )
    create_permission(patient.patient, create_patient(name=LONG_NAME), relation=Relation.CHILD_IN_LAW)
    stopped = create_permission(patient.patient, helper)
    proxies.revoke(stopped.public_id, patient)
    create_offer(patient, "010-2222-3333")
    create_offer(create_patient(name="정복례"), helper.mobile or "", scope=Scope.READ)
    site.ids |= {
        "asked for": create_request(helper, name="최막내").public_id,
        "proven": create_proven_request(helper, name="조간난").public_id,
        "stop": proxies.stop_token(held),
        "stopped": proxies.stop_token(stopped),
    }
    sign_in(site, "helper", helper, acting_for=held.patient.public_id)


def signed_in(site: Site, patient: User, doctor: User, operator: User) -> None:
    """Everyone who is signed in, on devices of their own and shared ones, and who is invited."""
    sign_in(site, "patient", patient)
    sign_in(site, "doctor", doctor)
    sign_in(site, "operator", operator)
    said = [
        ("success", "저장했습니다."),
        ("info", "먼저 로그인해 주세요."),
        ("warning", "그 사이에 바뀌었습니다."),
    ]
    sign_in(site, "told", patient, _flashes=[*said, ("error", "파일을 받지 못했습니다. 다시 골라 주세요.")])
    sign_in(site, "shared", patient, shared_device=True)
    invitations.invite(
        invited_by=operator,
        role=Role.DOCTOR,
        email=f"new.{LONG_EMAIL}",
        licence_number="900123",
        clinic="새봄의원",
        specialty="",
    )
    invitations.invite(invited_by=operator, role=Role.OPERATOR, email="new.colleague@example.test")


def _with_second_factor(site: Site) -> User:
    secured = create_doctor(name="정다은")
    with transaction() as s:
        row = s.merge(secured)
        row.tf_primary_method = "authenticator"
        row.tf_totp_secret = security.totp_factory.generate_totp_secret()
        row.mf_recovery_codes = [f"1a2b-3c4d-{n}e6f" for n in range(8)]
    sign_in(site, "secured", secured)
    return secured


def waits(
    purpose: Purpose,
    identity: Identity,
    user: User | None = None,
    *,
    proven: bool = False,
    agreed: Sequence[ConsentKind] = (),
) -> Callable[[], None]:
    """Return what fills the session of someone who was sent a code, may be signed in as `user`, and has agreed."""

    def fill() -> None:
        if user is not None:
            enter(user)
        pending.put(purpose, identity)
        if proven:
            found = pending.get(purpose)
            assert found is not None
            pending.prove(found)
        if agreed:
            found = pending.get(purpose, proven=True)
            assert found is not None
            pending.agree(found, agreed)

    return fill


def half_way(site: Site, doctor: User) -> None:
    """People half-way through signing up, signing in or choosing a new password."""
    mobile = Identity(Channel.MOBILE, "+821098765432")
    email = Identity(Channel.EMAIL, LONG_EMAIL)

    site.remember("visitor", lambda: None)
    site.remember("signing up", waits(Purpose.SIGN_UP, mobile))
    site.remember("signed up", waits(Purpose.SIGN_UP, mobile, proven=True))
    agreed = accounts.AT_SIGN_UP
    site.remember("agreed", waits(Purpose.SIGN_UP, mobile, proven=True, agreed=agreed))
    site.remember("agreed by e-mail", waits(Purpose.SIGN_UP, email, proven=True, agreed=agreed))
    site.remember("signing in", waits(Purpose.SIGN_IN, mobile))
    site.remember("recovering", waits(Purpose.RECOVER, mobile))
    site.remember("recovering by e-mail", waits(Purpose.RESET_LINK, email))
    bare = create_patient(name="이말순")

    site.remember("confirming", waits(Purpose.CONFIRM, Identity(Channel.MOBILE, str(bare.mobile)), bare))
    site.remember("changing number", waits(Purpose.NEW_CONTACT, mobile, bare))
    secured = _with_second_factor(site)
    browser = Client(site.app, site.app.response_class)
    submit(browser, "/login", identity=str(secured.email), password=PASSWORD)
    site.sessions["second factor"] = site.cookie_of(browser)
    opened = invitations.invite(
        invited_by=None,
        role=Role.DOCTOR,
        email="d@example.test",
        licence_number="1",
        clinic="새봄의원",
        name="강하늘",
    )
    site.ids |= {"invitation": invitations.token_of(opened), "reset": generate_reset_password_token(doctor)}
