"""The places of the body that a patient can point at, read from body_sites.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask_babel import get_locale

FILE = Path(__file__).with_name("body_sites.toml")


@dataclass(frozen=True)
class BodySite:
    """One place: its stored key, its names, on which drawing it is."""

    key: str
    ko: str
    en: str
    view: str

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.en if str(get_locale()) == "en" else self.ko


@cache
def all_sites() -> tuple[BodySite, ...]:
    """Return every place, in the order of the file (from head to foot)."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(BodySite(**entry) for entry in raw["site"])


@cache
def _by_key() -> dict[str, BodySite]:
    return {site.key: site for site in all_sites()}


def find(key: str | None) -> BodySite | None:
    """Return one place, None if there is none of that key."""
    return _by_key().get(key or "")
