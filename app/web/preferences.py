"""How a person likes to read: theme, text size, contrast. Kept in cookies, so it works before sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, request

from app.web.locale import LOCALE_COOKIE, LOCALES

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("system", "light", "dark"),
    "text": ("normal", "large", "xlarge"),
    "contrast": ("normal", "more"),
    LOCALE_COOKIE: LOCALES,
}
"""Each cookie and its allowed values; the first is what holds without a cookie."""

ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Preferences:
    """What the layout writes on <html> as data attributes."""

    theme: str = "system"
    text: str = "normal"
    contrast: str = "normal"


def current_preferences() -> Preferences:
    """The preferences in this request's cookies; unknown values count as unset."""
    return Preferences(**{name: _cookie(name) for name in ("theme", "text", "contrast")})


def _cookie(name: str) -> str:
    value = request.cookies.get(name, "")
    allowed = CHOICES[name]
    return value if value in allowed else allowed[0]


def store(response: Response, name: str, value: str, *, secure: bool) -> bool:
    """Write one preference as a cookie on `response`; False when name or value is not on offer."""
    if value not in CHOICES.get(name, ()):
        return False
    response.set_cookie(name, value, max_age=ONE_YEAR, samesite="Lax", secure=secure, httponly=True, path="/")
    return True


def here() -> str:
    """The local address of the page that is shown, to come back to.

    A form may have been sent to an address that is no page (`/cases/1/decide`): then it is the nearest one above.
    """
    if can_be_fetched():
        return request.full_path.rstrip("?")
    above = request.path.rstrip("/")
    while above := above.rpartition("/")[0]:
        if can_be_fetched(above):
            return above
    return "/"


def can_be_fetched(path: str | None = None) -> bool:
    """Whether a path, by default that of this request (which may be a form being sent), is a page to come back to."""
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path or request.path, method="GET")


def is_local(address: str) -> bool:
    """Whether `address` is a path on this site, fit for a redirect.

    Browsers drop tabs and line breaks inside an address and read a backslash as a slash: "/\t/host" is
    another site to them. So no control characters, no backslash, one slash at the beginning.
    """
    clean = address.isprintable() and "\\" not in address
    return clean and address.startswith("/") and not address.startswith("//")


def register(app: Flask) -> None:
    """Offer `prefs`, `here()` and `can_be_fetched()` to every template."""

    def context() -> dict[str, Any]:
        return {"prefs": current_preferences()}

    app.context_processor(context)
    app.add_template_global(here, "here")
    app.add_template_global(can_be_fetched, "can_be_fetched")
