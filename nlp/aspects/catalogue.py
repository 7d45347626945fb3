"""The aspects as data: keys, names, patterns, examples."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: In the order in which they are shown and stored; a stored bit's place is its place here.
KEYS: tuple[str, ...] = (
    "hospital_connection",
    "region",
    "visit_demanded",
    "booking_waiting",
    "care_quality",
    "prescription_delivery",
    "payment",
    "login",
    "app_error",
    "support",
    "ease",
    "ads_privacy",
)


@dataclass(frozen=True, slots=True)
class Aspect:
    """One aspect. See the head of ``aspects.toml`` for what the parts mean."""

    key: str
    name_ko: str
    name_en: str
    patterns: tuple[str, ...]
    excluded: tuple[str, ...]
    alone: tuple[str, ...]
    unless: frozenset[str]
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All aspects, in the order of ``KEYS``; ``date``: of the data, its version."""

    date: str
    aspects: tuple[Aspect, ...]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """What ``aspects.toml`` says. Raises ``ValueError`` if its keys are not ``KEYS``."""
    table = tomllib.loads(Path(__file__).with_name("aspects.toml").read_text(encoding="utf-8"))
    aspects = tuple(
        Aspect(
            key=row["key"],
            name_ko=row["name_ko"],
            name_en=row["name_en"],
            patterns=tuple(row["patterns"]),
            excluded=tuple(row.get("not", ())),
            alone=tuple(row.get("alone", ())),
            unless=frozenset(row.get("unless", ())),
            yes=tuple(row["yes"]),
            no=tuple(row["no"]),
        )
        for row in table["aspect"]
    )
    if tuple(aspect.key for aspect in aspects) != KEYS:
        raise ValueError("aspects.toml does not hold exactly the known aspects, in their order")
    return Catalogue(table["date"], aspects)


def names(key: str, lang: str = "ko") -> str:
    """What an aspect is called. Raises ``KeyError`` for an unknown key."""
    if key not in KEYS:
        raise KeyError(key)
    aspect = catalogue().aspects[KEYS.index(key)]
    return aspect.name_en if lang == "en" else aspect.name_ko
