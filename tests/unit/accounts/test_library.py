"""What we rely on Flask-Security for is set up as we think it is."""

from __future__ import annotations

import pytest
from flask import Flask

from app.accounts.passwords import OnceOnlyTotp, Passwords
from app.accounts.security import PortalMail
from app.extensions import security

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing is stored


def test_our_own_parts_are_the_ones_in_use(app: Flask) -> None:
    assert isinstance(security.password_util, Passwords)
    assert isinstance(security.totp_factory, OnceOnlyTotp)
    assert isinstance(security._mail_util, PortalMail)


def test_passwords_are_hashed_with_argon2id(app: Flask) -> None:
    from app.accounts import service

    with app.app_context():
        assert service.hashed("a password of some length").startswith("$argon2id$")


def test_what_we_do_not_use_is_not_there(app: Flask) -> None:
    names = {name for name in app.view_functions if name.startswith("security.")}
    unused = {
        "register",
        "us_signin",
        "wan_signin",
        "send_login",
        "oauthstart",
        "change_email",
        "refresh_token",
    }
    assert not names & {f"security.{name}" for name in unused}
