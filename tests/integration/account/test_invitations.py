"""Doctors and operators join by a link, once, within a week, and only who may invite does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import invitations, service
from app.accounts.errors import IdentityTaken, InvitationInvalid, LicenceTaken, NotYours
from app.accounts.identity import NotAnIdentity
from app.accounts.models import Invitation
from app.permissions import Role
from tests.factories.accounts import (
    PASSWORD,
    create_doctor,
    create_invitation,
    create_operator,
    create_patient,
    sign_in,
    submit,
)
from tests.harness.client import Client
from tests.integration.account.conftest import Messages

FIELDS = {"name": "이새봄", "password": PASSWORD, "again": PASSWORD}


def path_of(invitation: Invitation) -> str:
    return f"/join/{invitations.token_of(invitation)}"


def test_a_doctor_joins(app: Flask, client: Client, db: Any, mails: Messages) -> None:
    invitation = create_invitation(
        create_operator(), email="New.Doctor@Example.com", licence_number="12345", clinic="새봄의원"
    )
    (message,) = mails()
    assert message["to"] == "new.doctor@example.com"
    link = re.search(r"http\S+(/join/\S+)", message["body"])
    assert link
    assert link.group(1) == path_of(invitation)
    page = client.get(link.group(1)).text
    assert "새봄의원" in page
    assert "12345" in page
    assert submit(client, link.group(1), **FIELDS).location == "/login"
    doctor = service.find_user(email="new.doctor@example.com")
    assert doctor is not None
    assert doctor.doctor is not None
    assert (doctor.role, doctor.doctor.licence_number, doctor.doctor.clinic) == (
        "doctor",
        "12345",
        "새봄의원",
    )
    assert submit(client, "/login", identity="new.doctor@example.com", password=PASSWORD).location == "/home"
    assert client.get("/home").location == "/doctor/"


def test_an_operator_joins(client: Client, db: Any) -> None:
    invitation = invitations.invite(invited_by=None, role=Role.OPERATOR, email="boss@example.com")
    assert submit(client, path_of(invitation), **FIELDS).location == "/login"
    user = service.find_user(email="boss@example.com")
    assert user is not None
    assert user.role == "operator"


def test_a_link_is_good_once(client: Client, db: Any) -> None:
    link = path_of(create_invitation())
    submit(client, link, **FIELDS)
    assert client.get(link).status_code == 404


def test_a_link_is_good_for_seven_days(client: Client, db: Any, clock: Any) -> None:
    link = path_of(create_invitation())
    clock.advance(days=6, hours=23)
    assert client.get(link).status_code == 200
    clock.advance(hours=1)
    assert client.get(link).status_code == 404
    assert invitations.pending_invitations() == []


def test_a_revoked_link_is_void(client: Client, db: Any) -> None:
    invitation = create_invitation()
    invitations.revoke_invitation(invitation.public_id)
    assert client.get(path_of(invitation)).status_code == 404
    with pytest.raises(InvitationInvalid):
        invitations.revoke_invitation(invitation.public_id)


def test_inviting_again_replaces_the_link(client: Client, db: Any) -> None:
    first = create_invitation(email="guest@example.com")
    second = create_invitation(email="Guest@Example.com")
    assert client.get(path_of(first)).status_code == 404
    assert client.get(path_of(second)).status_code == 200
    assert [i.public_id for i in invitations.pending_invitations()] == [second.public_id]


def test_an_invented_link_is_none(client: Client, db: Any) -> None:
    create_invitation()
    assert client.get("/join/" + "A" * 43).status_code == 404


def test_a_weak_password_does_not_join(client: Client, db: Any) -> None:
    link = path_of(create_invitation(email="jongmin.kim@example.com"))
    for weak, words in (
        ("short", "10자 이상"),
        ("jongmin.kim 2026", "이름이나 연락처"),
        ("qwerty12345", "너무 흔한"),
    ):
        assert words in submit(client, link, **(FIELDS | {"password": weak, "again": weak})).text
    assert service.find_user(email="jongmin.kim@example.com") is None


def test_who_is_signed_in_is_not_mixed_up(client: Client, db: Any) -> None:
    link = path_of(create_invitation())
    sign_in(client, create_patient())
    assert "로그아웃" in client.get(link).text
    client.post(link, data=FIELDS)
    assert len(invitations.pending_invitations()) == 1


@pytest.mark.parametrize("create", [create_patient, create_doctor])
def test_only_operators_invite(db: Any, create: Callable[..., Any]) -> None:
    with pytest.raises(NotYours):
        create_invitation(create())


def test_what_cannot_be_invited(db: Any) -> None:
    doctor = create_doctor(email="known@example.com", licence_number="777")
    with pytest.raises(IdentityTaken):
        create_invitation(email="Known@example.com")
    with pytest.raises(LicenceTaken):
        create_invitation(licence_number=" 777 ")
    with pytest.raises(NotAnIdentity):
        create_invitation(email="nobody")
    with pytest.raises(ValueError, match="licence"):
        create_invitation(licence_number=" ")
    with pytest.raises(ValueError, match="patients"):
        create_invitation(role=Role.PATIENT)
    assert doctor.doctor is not None


def test_the_secret_of_the_link_is_not_in_the_database(db: Any) -> None:
    invitation = create_invitation()
    row = db.session.execute(db.text("SELECT * FROM invitation")).mappings().one()
    token = invitations.token_of(invitation)
    assert not any(
        token in str(value) or token.encode() in bytes(str(value), "utf-8") for value in row.values()
    )


def test_the_first_operator_is_invited_on_the_command_line(app: Flask, client: Client, db: Any) -> None:
    answer = app.test_cli_runner().invoke(args=["users", "invite-operator", "first@example.com"])
    assert answer.exit_code == 0
    link = answer.output.strip().splitlines()[-1]
    invitation = db.session.scalars(select(Invitation)).one()
    assert link.endswith(path_of(invitation))
    assert link.startswith("http://127.0.0.1:8000/")
    assert submit(client, path_of(invitation), **FIELDS).location == "/login"
    again = app.test_cli_runner().invoke(args=["users", "invite-operator", "first@example.com"])
    assert again.exit_code == 1
    assert "there is an account already" in again.output
    assert app.test_cli_runner().invoke(args=["users", "invite-operator", "nobody"]).exit_code == 1
