"""The door to one's own account: sign-up, sign-in, recovery, consents, notices."""

from __future__ import annotations

import importlib

from flask import Flask, redirect, url_for

from app import policy
from app.account import notices
from app.account.blueprint import blueprint
from app.accounts import specialties
from app.accounts.sessions import idle_seconds
from app.permissions import Permission

ROUTES = (
    "sign_up",
    "sign_in",
    "recovery",
    "join",
    "settings",
    "contact",
    "consents",
    "dependents",
    "helping",
    "helpers",
    "my_data",
    "erasure",
)
LIBRARY = {
    "security.login": policy.PUBLIC,
    "security.logout": policy.PUBLIC,
    "security.verify": policy.SIGNED_IN,
    "security.forgot_password": policy.PUBLIC,
    "security.reset_password": policy.PUBLIC,
    "security.change_password": policy.Access(permission=Permission.ACCOUNT_MANAGE),
    # Reached half-way through a sign-in; the view itself checks that the password was right.
    "security.two_factor_setup": policy.HALF_WAY,
    "security.two_factor_token_validation": policy.HALF_WAY,
    "security.mf_recovery": policy.PUBLIC,
    "security.two_factor_setup_validate": policy.Access(permission=Permission.ACCOUNT_MANAGE),
    "security.mf_recovery_codes": policy.Access(permission=Permission.ACCOUNT_MANAGE),
    # There is one second factor only, and no rescue by e-mail to an administrator.
    "security.tf_select": policy.CLOSED,
    "security.two_factor_rescue": policy.CLOSED,
}


def init_app(app: Flask) -> None:
    """Open this door, and say who may use the views that come with Flask-Security."""
    for name in ROUTES:
        importlib.import_module(f"app.account.{name}")
    app.register_blueprint(blueprint)
    notices.init_app(app)
    # An old link, or one used twice, leads to where a new one can be asked for.
    app.view_functions["security.forgot_password"] = lambda: redirect(url_for("account.recover"))
    policy.declare(app, LIBRARY)
    app.add_template_global(idle_seconds, "idle_seconds")
    app.add_template_filter(specialties.shown, "specialty")
