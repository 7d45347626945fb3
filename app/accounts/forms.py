"""Flask-Security's forms, fitted to people who are known by e-mail or mobile number.

Each of them counts an attempt before it looks at a secret, and says the same of a wrong secret and of
an identity that nobody has.
"""

from __future__ import annotations

import math
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security.forms import (
    ChangePasswordForm,
    LoginForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
)
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.utils import get_message
from wtforms import BooleanField, PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length

from app.accounts import attempts, service, sessions
from app.accounts.errors import Locked
from app.accounts.identity import Channel, Identity, NotAnIdentity, parse
from app.accounts.models import User
from app.accounts.passwords import LONGEST
from app.audit import service as audit
from app.audit.models import Outcome
from app.extensions import security
from app.infra import clock
from app.infra.database import fresh

PASSWORD, SECOND_FACTOR = "password", "second_factor"


def locked_words(lock: Locked) -> str:
    """Say how long nothing is looked at. The same is said of identities that nobody has."""
    minutes = max(math.ceil((lock.until - clock.now()).total_seconds() / 60), 1)
    return str(_("여러 번 맞지 않아 잠시 막았습니다. %(minutes)s분쯤 뒤에 다시 해 주세요.", minutes=minutes))


def wrong_words() -> str:
    """Say that identity and password do not fit together, and nothing about which of them is wrong."""
    return str(_("적으신 내용이 맞지 않습니다. 연락처와 비밀번호를 다시 확인해 주세요."))


class PasswordSignIn(LoginForm):  # type: ignore[misc]  # untyped base
    """E-mail address or mobile number, and the password."""

    email = None
    remember = None
    identity = StringField(
        _l("휴대전화 번호 또는 이메일"),
        validators=[InputRequired(_l("휴대전화 번호나 이메일을 적어 주세요.")), Length(max=254)],
    )
    password = PasswordField(
        _l("비밀번호"),
        validators=[InputRequired(_l("비밀번호를 적어 주세요.")), Length(max=LONGEST)],
    )
    shared = BooleanField(_l("여럿이 쓰는 기기예요"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = ""  # the library's link to recovery; the page has its own

    @property
    def is_number_alone(self) -> bool:
        """True if a mobile number was sent without a password: a code can go there, whoever has it."""
        identity = _parsed(self.identity.data)
        alone = self.is_submitted() and not self.password.data
        return alone and identity is not None and identity.channel is Channel.MOBILE

    def validate(self, **kwargs: Any) -> bool:
        """Return whether this person may sign in; `user` is then who it is."""
        identity = _parsed(self.identity.data)
        if identity is not None and self.password.data:
            try:
                attempts.admit(PASSWORD, str(identity))
            except Locked as lock:
                self.form_errors.append(locked_words(lock))
                return False
            self.user = service.find_user(**{identity.channel.value: identity.value})
        self.ifield = self.identity
        if super().validate(**kwargs):
            if identity is not None:
                attempts.forget(PASSWORD, str(identity))
            sessions.mark_shared(bool(self.shared.data))
            return True
        if self.identity.data and self.password.data:
            self.identity.errors, self.password.errors = [], []
            self.form_errors.append(wrong_words())
            _record_failure(self.user)
        return False


class _Counted:
    """A form of someone already known, in which a secret is tried."""

    purpose = PASSWORD

    def counted(self, user: User, errors_of: Any, check: Any) -> bool:
        """Count the attempt, then check; say so if there were too many."""
        key = f"user:{user.id}"
        try:
            attempts.admit(self.purpose, key)
        except Locked as lock:
            errors_of.errors = [locked_words(lock)]
            return False
        if check():
            attempts.forget(self.purpose, key)
            return True
        _record_failure(user)
        return False


class ConfirmPassword(VerifyForm, _Counted):  # type: ignore[misc]  # untyped base
    """The password once more, before something grave."""

    def validate(self, **kwargs: Any) -> bool:
        """Return whether it is the person's password."""
        return self.counted(self.user, self.password, lambda: super(ConfirmPassword, self).validate(**kwargs))


class NewPassword(ChangePasswordForm, _Counted):  # type: ignore[misc]  # untyped base
    """The old password, where there is one, and a new one."""

    def validate(self, **kwargs: Any) -> bool:
        """Return whether the old one is right and the new one good enough. Only the old one is counted."""
        if current_user.password and not self.counted(current_user, self.password, self._knows_the_old_one):
            return False
        return bool(super().validate(**kwargs))

    def _knows_the_old_one(self) -> bool:
        entered = security.password_util.normalize(self.password.data or "")
        if current_user.verify_and_update_password(entered):
            return True
        self.password.errors = [get_message("INVALID_PASSWORD")[0]]
        return False


class SecondFactor(TwoFactorVerifyCodeForm, _Counted):  # type: ignore[misc]  # untyped base
    """The code that an authenticator app shows."""

    purpose = SECOND_FACTOR

    def validate(self, **kwargs: Any) -> bool:
        """Return whether the code fits."""
        self.code.data = (self.code.data or "").replace(" ", "")
        if self.user is None:
            return False
        return self.counted(self.user, self.code, lambda: super(SecondFactor, self).validate(**kwargs))


class SecondFactorSetup(TwoFactorSetupForm):  # type: ignore[misc]  # untyped base
    """Setting the second factor up, or switching it off. An authenticator app is the only kind there is."""

    setup = RadioField(
        choices=[SelectChoice("disable", _l("끄기")), SelectChoice("authenticator", _l("인증 앱"))],
        validate_choice=False,
    )


class NoRescue(TwoFactorRescueForm):  # type: ignore[misc]  # untyped base
    """The library makes this form beside the code's; the page has no such thing."""

    help_setup = RadioField(choices=[SelectChoice("help", _l("운영자에게 알리기"))])


class RecoveryCode(MfRecoveryForm, _Counted):  # type: ignore[misc]  # untyped base
    """One of the codes that were kept for a lost authenticator."""

    purpose = SECOND_FACTOR

    def validate(self, **kwargs: Any) -> bool:
        """Return whether it is one that was not used yet."""
        self.code.data = (self.code.data or "").strip().lower()
        if self.user is None:
            return False
        return self.counted(self.user, self.code, lambda: self._is_unused(**kwargs))

    def _is_unused(self, **kwargs: Any) -> bool:
        # Two at once: the second one finds the code gone. Locked after the count, as everywhere.
        fresh(User, self.user.id)
        return bool(super().validate(**kwargs))


def _parsed(text: str | None) -> Identity | None:
    try:
        return parse(text or "")
    except NotAnIdentity:
        return None


def _record_failure(user: User | None) -> None:
    target = f"user:{user.id}" if user is not None else "user:unknown"
    audit.record("sign_in", target, outcome=Outcome.FAILED)
