"""Which passwords are good enough, and one-time codes that are good only once."""

from __future__ import annotations

import itertools
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_security import PasswordUtil, Totp
from passlib.totp import TokenError
from sqlalchemy import or_, update

from app.accounts.models import User
from app.infra.database import transaction

SHORTEST, LONGEST = 10, 128
COMMON = Path(__file__).with_name("common_passwords.txt")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold()


@cache
def _common() -> tuple[str, ...]:
    lines = COMMON.read_text(encoding="utf-8").split()
    return tuple(_plain(word) for word in lines)


def fault_of(password: str, *personal: str | None) -> str | None:
    """Return what is wrong with a password in one sentence, None if nothing is.

    Length counts, not special characters (NIST SP 800-63B); what everyone tries first is refused, and
    what others know of the person: `personal` is their name, e-mail address or mobile number.
    """
    if len(password) < SHORTEST:
        return _("비밀번호는 %(count)s자 이상이어야 합니다.", count=SHORTEST)  # type: ignore[no-any-return]
    if len(password) > LONGEST:
        return _("비밀번호는 %(count)s자까지만 쓸 수 있습니다.", count=LONGEST)  # type: ignore[no-any-return]
    plain = _plain(password)
    too_common = len(set(plain)) < 4 or _is_run(plain)
    if too_common or any(word in plain and 2 * len(word) >= len(plain) for word in _common()):
        return _("너무 흔한 비밀번호입니다. 다른 사람이 떠올리기 어려운 것으로 정해 주세요.")  # type: ignore[no-any-return]
    if any(part in plain for part in _parts(personal)):
        return _("이름이나 연락처가 들어간 비밀번호는 쓸 수 없습니다.")  # type: ignore[no-any-return]
    return None


def _is_run(text: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(text)}
    return steps in ({1}, {-1}, {0})


def _parts(personal: tuple[str | None, ...]) -> list[str]:
    found = []
    for value in filter(None, personal):
        if "@" in value:
            found.append(value.partition("@")[0])
        elif value.startswith("+"):
            found.append(value[-8:])
        else:
            found.append(value.replace(" ", ""))
    return [_plain(part) for part in found if len(_plain(part)) >= 4]


class Passwords(PasswordUtil):  # type: ignore[misc]  # untyped base
    """What Flask-Security asks when a password is chosen."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        """Return the faults (None if there are none) and the normalised password."""
        normal = self.normalize(password)
        user = kwargs.get("user")
        personal = (user.name, user.email, user.mobile) if user is not None else ()
        fault = fault_of(normal, *personal)
        return ([fault] if fault else None), normal


class OnceOnlyTotp(Totp):  # type: ignore[misc]  # untyped base
    """Time-based codes (RFC 6238), none of which is accepted a second time."""

    def verify_totp(self, token: str, totp_secret: str, user: User, window: int = 0) -> bool:
        """Return whether the code fits and is later than the last one that was accepted."""
        try:
            match = self._totp.verify(token, totp_secret, window=window)
        except TokenError:
            return False
        counter = int(match.counter)
        # The database compares, so that of two who use one code at once only one succeeds.
        unused = or_(User.tf_last_counter.is_(None), User.tf_last_counter < counter)
        with transaction() as session:
            spent = session.scalar(
                update(User)
                .where(User.id == user.id, unused)
                .values(tf_last_counter=counter)
                .returning(User.id)
                .execution_options(synchronize_session=False)
            )
        return spent is not None
