"""Small Jinja helpers for words and class names."""

from __future__ import annotations

import re
from typing import Any, cast

from flask import Flask, current_app, get_flashed_messages
from flask_babel import get_locale
from markupsafe import Markup, escape

FLASH_KINDS = {"success": "success", "warning": "warning", "error": "danger", "danger": "danger"}
"""Which alert a category of flashed messages becomes; any other one is "info"."""


LONGEST_NUMBER = len("+82 10-1234-5678")


def classes(*names: Any) -> str:
    """Class names joined by a space; empty, False and None ones are left out."""
    return " ".join(str(name) for name in names if name)


def flash_messages() -> list[tuple[str, str]]:
    """The waiting messages as (alert kind, text), each category brought to one of the four kinds."""
    messages = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    return [(FLASH_KINDS.get(kind, "info"), str(words)) for kind, words in messages]


def unbroken(text: Any) -> Markup:
    """A telephone number, or the day that names a version, in one piece.

    What is longer (an address, a number with words) may not fit a line and breaks.
    """
    whole = len(str(text)) <= LONGEST_NUMBER
    return Markup('<span class="nowrap">{}</span>').format(text) if whole else escape(text)


def run_by() -> str:
    """How to reach whoever runs this installation, "" where it is not told."""
    return str(current_app.extensions["salpim.settings"].contact)


def telephone_link(text: str) -> str | None:
    """Return what dials a number that stands alone (``tel:…``), None for an address or a number with words."""
    number = re.sub(r"[\s().-]", "", text)
    return f"tel:{number}" if re.fullmatch(r"\+?\d{3,15}", number) else None


def register(app: Flask) -> None:
    """Offer the helpers to every template."""
    app.add_template_global(classes, "classes")
    app.add_template_global(flash_messages, "flash_messages")
    app.add_template_global(get_locale, "get_locale")
    app.add_template_global(run_by, "run_by")
    app.add_template_filter(telephone_link, "telephone_link")
    app.add_template_filter(unbroken, "unbroken")
