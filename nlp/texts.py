"""The words of the report page and the command line (data: ``data/texts.toml``)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from nlp.apps import Lang


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("data").joinpath("texts.toml").read_text(encoding="utf-8"))


def texts(lang: Lang) -> dict[str, str]:
    """Every text of ``lang`` by key; ``{name}`` marks what ``str.format`` fills in."""
    return _all()[lang]


def side(both: str, lang: Lang) -> str:
    """The ``lang`` side of a text written ``한국어 / English``; a text without sides is its own."""
    return both.split(" / ")[0 if lang == "ko" else -1]
