"""The operator's blueprint, and what its pages share."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import get_locale

door = Blueprint("operator", __name__, url_prefix="/operator", template_folder="templates")


def page_number() -> int:
    """Return the page asked for, counting from 1; nonsense counts as the first."""
    return max(request.args.get("page", 1, type=int), 1)


def in_english() -> bool:
    """True where the reader reads English; what a file said is stored in both languages."""
    return str(get_locale()) == "en"


@door.app_template_global("words_of")
def words_of(thing: object, name: str) -> str | None:
    """Return `thing.<name>_ko` or `thing.<name>_en`, whichever the reader reads."""
    value: str | None = getattr(thing, f"{name}_en" if in_english() else f"{name}_ko")
    return value
