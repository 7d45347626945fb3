"""Kinds of clinic (kinds.toml), and what a register's own words make of one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SKIN_WORD = "피부과"
SKIN = "skin"
"""Not a kind of place, but asked for like one: wherever name or departments say dermatology."""
ALL = "all"


@dataclass(frozen=True)
class Kind:
    """One kind: its key, its names, the words by which it is known, whether it may look at a mole, and whether there are few."""

    key: str
    ko: str
    en: str
    words: tuple[str, ...]
    skin: bool
    rare: bool


@cache
def kinds() -> dict[str, Kind]:
    """Return key → kind, in the file's order."""
    content = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text(encoding="utf-8"))
    return {
        row["key"]: Kind(
            row["key"], row["ko"], row["en"], tuple(row["words"]), row["skin"], row.get("rare", False)
        )
        for row in content["kind"]
    }


def kind_of(words: str) -> str | None:
    """Return the key of what a register calls "일반요양병원" or "의원"; None for what is no clinic (a pharmacy)."""
    return next((kind.key for kind in kinds().values() if any(word in words for word in kind.words)), None)


def skin_of(name: str, departments: str) -> int:
    """Return 0 if the name says dermatology, 1 if the departments do, 2 if neither."""
    return 0 if SKIN_WORD in name else 1 if SKIN_WORD in departments else 2


def chosen(kind: str | None) -> tuple[str, ...]:
    """Return the keys that a search for `kind` looks through; None and `SKIN`: where someone may look at a mole.

    Raises `LookupError` for a kind that there is not.
    """
    if kind is None or kind == SKIN:
        return tuple(one.key for one in kinds().values() if one.skin)
    if kind == ALL:
        return tuple(kinds())
    return (kinds()[kind].key,)
