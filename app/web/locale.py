"""Which language a page speaks: Korean unless English was chosen or is plainly what the browser wants."""

from __future__ import annotations

from flask import has_request_context, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

LOCALES = ("ko", "en")
DEFAULT_LOCALE = "ko"
LOCALE_COOKIE = "lang"


def select_locale() -> str:
    """The locale for this request: cookie, then the person's own setting, then the browser, then Korean.

    Returns one of `LOCALES`. Outside a request (worker, command line) it is Korean; callers that write to
    a person force that person's locale themselves.
    """
    if not has_request_context():
        return DEFAULT_LOCALE
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return chosen
    own = _own()
    return own if own in LOCALES else _from_browser()


def _own() -> str | None:
    try:
        return getattr(current_user, "locale", None) if current_user else None
    except SQLAlchemyError:
        return None  # with the database down, the page that says so still needs a language


def _from_browser() -> str:
    """English only when the browser asks for it first and does not mention Korean anywhere."""
    languages = [tag.lower() for tag, quality in request.accept_languages if quality > 0]
    if not languages or any(tag.startswith("ko") for tag in languages):
        return DEFAULT_LOCALE
    return "en" if languages[0].startswith("en") else DEFAULT_LOCALE
