"""The operator's blueprint, and what its pages share."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, request
from flask_babel import format_date, get_locale

from app.infra import moments

#: Where no line may end.
JOINER = "\u2060"
_SPACED_PERCENT = re.compile(r"(?<=[0-9–]) %")
_BEFORE_PARTICLE = re.compile(r"[)%](?=[가-힣])")

door = Blueprint("operator", __name__, url_prefix="/operator", template_folder="templates")

door.add_app_template_global(moments.moment, "moment")


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


@door.app_template_global("month_name")
def month_name(number: int) -> str:
    """Return a month of the year (1–12) in the reader's words."""
    return str(format_date(date(2000, number, 1), "LLLL", rebase=False))


@door.app_template_filter("as_written_here")
def as_written_here(text: str) -> str:
    """Return a sentence of `nlp` as the portal writes: 46%, not 46 %; a particle stays with the bracket before it."""
    return _BEFORE_PARTICLE.sub(rf"\g<0>{JOINER}", _SPACED_PERCENT.sub("%", text))


@door.app_template_global("day")
def day(iso: str | None) -> str:
    """Return an ISO date (of Korea, as reports have them) in the reader's words."""
    return str(format_date(date.fromisoformat(iso), "long", rebase=False)) if iso else ""
