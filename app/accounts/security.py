"""Flask-Security, fitted to people who are known by e-mail or mobile number.

It does the passwords, the second factor, recovery links and the freshness of a sign-in. What it cannot
do, proving and signing in with a mobile number alone, is `codes`; both end in the same steps
(`enter`). Its JSON answers, tokens and basic authentication are switched off: nothing here uses them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import (
    MailUtil,
    SQLAlchemyUserDatastore,
    login_user,
    logout_user,
    password_changed,
    password_reset,
    tf_profile_changed,
)
from flask_security.utils import check_and_get_token_status
from sqlalchemy import select

from app.accounts import contacts, forms, sessions
from app.accounts.identity import normalise_email, normalise_mobile
from app.accounts.models import User
from app.accounts.passwords import SHORTEST, OnceOnlyTotp, Passwords
from app.extensions import db, limiter, security
from app.infra.crypto import keyring
from app.infra.database import transaction
from app.infra.messages import Mail, send_mail
from app.web.preferences import can_be_fetched, here, is_local
from config import Settings

TRANSLATIONS = Path(__file__).parent.parent / "translations"
HOME = "account.home"
# OWASP's first choice for Argon2id where memory is not scarce; tests need hashes, not their cost.
ARGON2 = {
    "argon2__type": "ID",
    "argon2__memory_cost": 47104,
    "argon2__time_cost": 2,
    "argon2__parallelism": 1,
}
ARGON2_IN_TESTS = ARGON2 | {"argon2__memory_cost": 256, "argon2__time_cost": 1}
FRESH_FOR = timedelta(minutes=15)
PAGES = {
    "LOGIN_USER": "sign_in",
    "LOGOUT_USER": "sign_out",
    "RESET_PASSWORD": "reset_password",
    "CHANGE_PASSWORD": "change_password",
    "VERIFY": "confirm_password",
    "TWO_FACTOR_VERIFY_CODE": "second_factor",
    "TWO_FACTOR_SETUP": "second_factor_setup",
    "MULTI_FACTOR_RECOVERY": "recovery_code",
    "MULTI_FACTOR_RECOVERY_CODES": "recovery_codes",
}
LIMITS = {
    "login": "30 per minute; 300 per hour",
    "verify": "30 per minute",
    "reset_password": "30 per minute",
    "change_password": "20 per minute",
    "two_factor_setup": "20 per minute",
    "two_factor_setup_validate": "20 per minute",
    "two_factor_token_validation": "20 per minute",
    "mf_recovery": "20 per minute",
    "mf_recovery_codes": "20 per minute",
}
WRITING = (
    "reset_password",
    "change_password",
    "two_factor_setup",
    "two_factor_setup_validate",
    "two_factor_token_validation",
    "mf_recovery",
    "mf_recovery_codes",
)
SECOND_STEPS = ("two_factor_token_validation", "mf_recovery")
"""Who is let in by one of these has given a second factor."""


class People(SQLAlchemyUserDatastore):  # type: ignore[misc]  # untyped base
    """Finds users by columns that are encrypted, so compared exactly after normalising."""

    def __init__(self) -> None:
        super().__init__(db, User, None)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> User | None:
        """Return the user with this value of one attribute."""
        attribute, value = next(iter(kwargs.items()))
        if attribute == "email" and isinstance(value, str):
            value = value.lower()
        return db.session.scalar(select(User).where(getattr(User, attribute) == value))

    def mf_delete_recovery_code(self, user: User, idx: int) -> bool:
        """Use one recovery code up. The list is replaced: changes inside an encrypted column are not seen."""
        codes = list(user.mf_recovery_codes or [])
        if not 0 <= idx < len(codes):
            return False
        user.mf_recovery_codes = codes[:idx] + codes[idx + 1 :]
        return True

    def tf_reset(self, user: User) -> None:
        """Switch the second factor off; its recovery codes go with it."""
        user.tf_primary_method = user.tf_totp_secret = user.mf_recovery_codes = None

    def commit(self) -> None:
        """Flask-Security's views write inside a transaction block of ours, which commits at its end."""
        db.session.flush()


class PortalMail(MailUtil):  # type: ignore[misc]  # untyped base
    """Sends what Flask-Security writes through the portal's own port, as plain text."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **kwargs: Any
    ) -> None:
        """Hand one e-mail over."""
        send_mail(Mail(str(recipient), str(subject), str(body)))


def init_app(app: Flask, settings: Settings) -> None:
    """Configure Flask-Security and bind it to the application."""
    with app.app_context():
        keys = keyring()
        salt, totp = keys.derive("flask-security password salt").hex(), keys.derive("totp secrets").hex()
    app.config.update(
        SECURITY_PASSWORD_SALT=salt,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the method
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=ARGON2_IN_TESTS if settings.env == "testing" else ARGON2,
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_USER_IDENTITY_ATTRIBUTES=[
            {"email": {"mapper": _mapper(normalise_email)}},
            {"mobile": {"mapper": _mapper(normalise_mobile)}},
        ],
        SECURITY_API_ENABLED_METHODS=["session"],
        # Our forms say the same of known and unknown identities by themselves.
        SECURITY_RETURN_GENERIC_RESPONSES=False,
        SECURITY_STATIC_FOLDER=None,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SECURITY_I18N_DIRNAME=["builtin", str(TRANSLATIONS)],
        SECURITY_FRESHNESS=FRESH_FOR,
        SECURITY_FRESHNESS_GRACE_PERIOD=timedelta(0),
        SECURITY_CHANGEABLE=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(hours=2),
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL=False,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY=30,
        SECURITY_TWO_FACTOR_ALWAYS_VALIDATE=True,
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="account.security",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=8,
        SECURITY_TOTP_SECRETS={"1": totp},
        SECURITY_TOTP_ISSUER="Salpim",
        SECURITY_POST_LOGIN_VIEW=HOME,
        SECURITY_POST_LOGOUT_VIEW="/",
        SECURITY_POST_CHANGE_VIEW="account.security",
        SECURITY_POST_RESET_VIEW="security.login",
        SECURITY_POST_VERIFY_VIEW="account.security",
        **{f"SECURITY_{name}_TEMPLATE": f"account/{page}.html" for name, page in PAGES.items()},
    )
    # Only the library's constructor takes these, and the object is made before there is anything to give it.
    security._mail_util_cls = PortalMail
    security._password_util_cls = Passwords
    security._totp_cls = OnceOnlyTotp
    sessions.init_app(app)  # before the library, which reads who is signed in before every request
    security.init_app(
        app,
        People(),
        login_form=forms.PasswordSignIn,
        verify_form=forms.ConfirmPassword,
        change_password_form=forms.NewPassword,
        two_factor_verify_code_form=forms.SecondFactor,
        two_factor_setup_form=forms.SecondFactorSetup,
        two_factor_rescue_form=forms.NoRescue,
        mf_recovery_form=forms.RecoveryCode,
    )
    security.want_json(lambda _request: False)
    security.unauthn_handler(_sign_in_first)
    security.reauthn_handler(_confirm_first)
    security.login_manager.request_loader(lambda _request: None)
    security.login_manager.unauthorized_callback = _sign_in_first
    app.before_request(_forms_only)
    password_changed.connect(_tell, app)
    password_reset.connect(_tell, app)
    tf_profile_changed.connect(_proven, app)
    for name, limit in LIMITS.items():
        app.view_functions[f"security.{name}"] = _guarded(app, name, limit)


def _mapper(normalise: Callable[[str], str]) -> Callable[[str], str | None]:
    def mapped(text: str) -> str | None:
        try:
            return normalise(text)
        except ValueError:
            return None

    return mapped


def _guarded(app: Flask, name: str, limit: str) -> Callable[..., Any]:
    view = app.view_functions[f"security.{name}"]
    view = _minding_second_factor(view, gives_it=name in SECOND_STEPS)
    if name == "two_factor_setup_validate":
        view = _asking_again(view)
    if name in WRITING:
        view = _in_transaction(view)
    guarded: Callable[..., Any] = limiter.limit(limit, methods=["POST"])(view)
    return guarded


def _asking_again(view: Callable[..., Any]) -> Callable[..., Any]:
    # By itself the library answers a mistyped first code with a new secret: the one just scanned would never fit,
    # and the authenticator app would hold two entries of one name.
    @functools.wraps(view)
    def wrapped(token: str) -> Any:
        answer = view(token)
        if answer.location != url_for("security.two_factor_setup"):
            return answer
        within = current_app.config["SECURITY_TWO_FACTOR_SETUP_WITHIN"]
        expired, invalid, state = check_and_get_token_status(token, "tf_setup", within)
        return answer if expired or invalid else _same_secret(token, state)

    return wrapped


def _same_secret(token: str, state: dict[str, Any]) -> Any:
    shown = security.totp_factory.fetch_setup_values(state["totp_secret"], current_user)
    return security.render_template(
        current_app.config["SECURITY_TWO_FACTOR_SETUP_TEMPLATE"],
        two_factor_setup_form=forms.SecondFactorSetup(formdata=None),
        two_factor_verify_code_form=forms.SecondFactor(formdata=None),
        choices=[],
        chosen_method=state["method"],
        changing=True,
        state_token=token,
        authr_qrcode=shown["image"],
        authr_key=shown["key"],
    )


def _in_transaction(view: Callable[..., Any]) -> Callable[..., Any]:
    # The library reads, decides and writes without locks; inside the block that is safe on SQLite too.
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(*args, **kwargs)
        with transaction():
            return view(*args, **kwargs)

    return wrapped


def _minding_second_factor(view: Callable[..., Any], *, gives_it: bool) -> Callable[..., Any]:
    # A sign-in begins the session anew, one after a change of the password too: there the mark is put back.
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        had, was_in = sessions.has_second_factor(), current_user.is_authenticated
        answer = view(*args, **kwargs)
        if current_user.is_authenticated and (had or (gives_it and not was_in)):
            sessions.mark_second_factor()
        return answer

    return wrapped


def _proven(_app: Flask, **_rest: Any) -> None:
    sessions.mark_second_factor()


def _forms_only() -> None:
    if request.blueprint == "security" and request.is_json:
        abort(415)


def _sign_in_first(_mechanisms: Any = None, _headers: Any = None) -> Response:
    if request.method == "GET":
        flash(_("먼저 로그인해 주세요."), "info")
    else:
        flash(
            _("로그아웃되어 있어 받지 못했습니다. 로그인하시면 그 화면으로 돌아갑니다."),
            "warning",
        )
    return redirect(url_for("security.login", next=_way_back()))  # type: ignore[return-value]


def _way_back() -> str | None:
    """The page that was asked for; for a form whose own address shows nothing, the page it stood on."""
    if can_be_fetched():
        return here()
    stood_on = urlsplit(request.referrer or "")
    ours = stood_on.netloc == request.host and is_local(stood_on.path)
    return stood_on.path if ours else None


def _confirm_first(_within: timedelta, _grace: timedelta) -> Response:
    """Before something grave: the password once more, or a code for who has none."""
    flash(_("중요한 내용이라 본인인지 한 번 더 확인합니다."), "info")
    page = "security.verify" if current_user.password else "account.confirm_code"
    back = request.full_path.rstrip("?") if request.method == "GET" else url_for("account.security")
    return redirect(url_for(page, next=back))  # type: ignore[return-value]


def _tell(_app: Flask, user: User, **_rest: Any) -> None:
    contacts.password_was_changed(user)


def enter(user: User, method: str, next_loc: str | None = None) -> Response:
    """Let someone in who has proven to be `user` by `method`: through the second factor where there is one."""
    answer = security.two_factor_plugins.tf_enter(user, False, method, next_loc=next_loc)
    if answer is None:
        login_user(user, remember=False, authn_via=[method])
        answer = redirect(next_loc or url_for(HOME))
    return answer  # type: ignore[no-any-return]


def owes_second_factor(user: User) -> bool:
    """True if `user` may only be here with a second factor, and this session was begun without one.

    Sessions outlive a change of the configuration, so that is asked of each request, not of sign-ins alone.
    """
    return user.needs_second_factor and not sessions.has_second_factor()


def back_to_second_factor(user: User) -> Response:
    """End a session that was begun without the second factor, and lead to where it is given or set up."""
    shared = bool(session.get(sessions.SHARED))
    logout_user()
    sessions.mark_shared(shared)
    flash(_("이제 두 번째 확인이 있어야 들어오실 수 있습니다."), "info")
    return enter(user, "password", request.full_path.rstrip("?") if request.method == "GET" else None)
