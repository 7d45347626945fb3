"""What the pages that send and ask for a code have in common."""

from __future__ import annotations

import math
from typing import Any

from flask import flash
from flask_babel import get_locale
from flask_babel import gettext as _

from app.account import pending
from app.accounts import codes
from app.accounts.codes import Purpose
from app.accounts.errors import CodeVoid, Locked, TooManyCodes
from app.accounts.forms import locked_words
from app.accounts.identity import Identity
from app.infra import clock


def ask_for_code(
    purpose: Purpose, identity: Identity, form: Any, *, next_loc: str = "", shared: bool = False
) -> bool:
    """Have a code sent and remember for what; False, with the reason in the form, if asked too often.

    Where the last one can still be used, it is asked for instead of another.
    """
    try:
        codes.request_code(purpose, identity, str(get_locale()))
    except TooManyCodes as error:
        if not error.is_good:
            form.form_errors.append(too_soon(error))
            return False
        flash(_("조금 전에 이미 보냈습니다. 받으신 것을 그대로 쓰시면 됩니다."), "info")
    pending.put(purpose, identity, next_loc=next_loc, shared=shared)
    return True


def too_soon(error: TooManyCodes) -> str:
    """Say when a code may be asked for again."""
    seconds = (error.again_at - clock.now()).total_seconds()
    if seconds <= codes.PAUSE.total_seconds():
        return str(_("방금 보냈습니다. 30초쯤 기다렸다가 다시 해 주세요."))
    minutes = math.ceil(seconds / 60)
    return str(_("너무 여러 번 보냈습니다. %(minutes)s분쯤 뒤에 다시 해 주세요.", minutes=minutes))


def code_is_right(waiting: pending.Pending, form: Any) -> bool:
    """Return whether the form's code is the one that was sent; the reason is in the form otherwise."""
    try:
        if codes.check_code(Purpose(waiting.purpose), waiting.identity, form.code.data):
            return True
    except Locked as lock:
        form.code.errors = [locked_words(lock)]
        return False
    except CodeVoid:
        say_void(form)
        return False
    form.code.errors = [wrong_code()]
    return False


def say_void(form: Any) -> None:
    """Say that the code is no good any more; the page then offers a new one instead of asking for this one."""
    form.void = True
    form.form_errors.append(_("여러 번 맞지 않아 이 번호는 이제 쓸 수 없습니다. 새 번호를 받아 주세요."))


def wrong_code() -> str:
    """Say that a code does not fit, whatever the reason."""
    return str(_("번호가 맞지 않거나 시간이 지났습니다. 다시 확인하시거나 새 번호를 받아 주세요."))
