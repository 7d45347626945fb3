"""Starting texts for a doctor's advice, read from advice.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.cases.models import NextStep

FILE = Path(__file__).with_name("advice.toml")


@dataclass(frozen=True)
class Advice:
    """What the form suggests for one diagnosis: plain words in ko and en, the next step, within how many days."""

    ko: str
    en: str
    next_step: NextStep
    within_days: int | None = None

    def text(self, locale: str) -> str:
        """The words for a patient who reads `locale` (Korean unless it is "en")."""
        return self.en if locale == "en" else self.ko


@cache
def _all() -> dict[str, Advice]:
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        key: Advice(e["ko"], e["en"], NextStep(e["next_step"]), e.get("within_days"))
        for key, e in raw.items()
    }


def advice_for(diagnosis: str) -> Advice:
    """Return the starting text of a diagnosis; raises `KeyError` for one that was never on offer."""
    return _all()[diagnosis]


def whose_text(text: str, diagnosis: str) -> str | None:
    """Return another diagnosis whose starting text this is to the letter, None where nothing is amiss.

    A doctor who changes the diagnosis and forgets the advice would sign the one with the other's words.
    """
    if diagnosis in _of(text):
        return None
    return next(iter(_of(text)), None)


def _of(text: str) -> list[str]:
    return [
        key
        for key, suggested in _all().items()
        if text.strip() and text.strip() in (suggested.ko, suggested.en)
    ]
