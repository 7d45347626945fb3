"""The one font of everything printed, and which letters it has: what it lacks must not end up as an empty glyph."""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

FAMILY = "NanumGothic"
FILES = ("NanumGothic.ttf", "NanumGothicBold.ttf")
UNKNOWN = "□"


class FontMissing(Exception):
    """No Korean font: the package ``koreanize-matplotlib`` is not installed."""


@cache
def folder() -> Path:
    """Where NanumGothic (SIL Open Font License) lies, as ``koreanize-matplotlib`` ships it. Raises `FontMissing`."""
    found = importlib.util.find_spec("koreanize_matplotlib")  # imported, it would bring matplotlib along
    place = Path(found.origin).parent / "fonts" if found and found.origin else None
    if place is None or not all((place / name).is_file() for name in FILES):
        raise FontMissing("no Korean font: pip install koreanize-matplotlib")
    return place


@cache
def _letters() -> frozenset[int]:
    """The code points that every weight can print."""
    # Imported here, as the compiler is in `finding`: the worker never prints.
    from fontTools.ttLib import TTFont

    known = []
    for name in FILES:
        with TTFont(folder() / name, lazy=True) as font:
            known.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*known)


def _prints(sign: str) -> bool:
    return sign == "\n" or (ord(sign) in _letters() and unicodedata.category(sign) != "Cc")


def printable(value: Any) -> Any:
    """Return the same text, list or mapping with every letter that the font lacks as an empty box."""
    if isinstance(value, str):
        return "".join(sign if _prints(sign) else UNKNOWN for sign in value.replace("\t", " "))
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return value
