"""What the pages that send and ask for a code have in common."""

from __future__ import annotations

from typing import Any

from flask_babel import format_time, get_locale
from flask_babel import gettext as _

from app.account import pending
from app.accounts import codes
from app.accounts.codes import Purpose
from app.accounts.errors import Locked, TooManyCodes
from app.accounts.forms import locked_words
from app.accounts.identity import Identity


def ask_for_code(
    purpose: Purpose, identity: Identity, form: Any, *, next_loc: str = "", shared: bool = False
) -> bool:
    """Have a code sent and remember for what; False, with the reason in the form, if asked too often."""
    try:
        codes.request_code(purpose, identity, str(get_locale()))
    except TooManyCodes as error:
        time = format_time(error.again_at, "medium")
        form.form_errors.append(_("번호를 방금 보냈습니다. %(time)s 뒤에 다시 보낼 수 있습니다.", time=time))
        return False
    pending.put(purpose, identity, next_loc=next_loc, shared=shared)
    return True


def code_is_right(waiting: pending.Pending, form: Any) -> bool:
    """Return whether the form's code is the one that was sent; the reason is in the form otherwise."""
    try:
        if codes.check_code(Purpose(waiting.purpose), waiting.identity, form.code.data):
            return True
    except Locked as lock:
        form.code.errors = [locked_words(lock)]
        return False
    form.code.errors = [wrong_code()]
    return False


def wrong_code() -> str:
    """Say that a code does not fit, whatever the reason."""
    return str(_("번호가 맞지 않거나 시간이 지났습니다. 다시 확인하시거나 새 번호를 받아 주세요."))
