"""The names that a finding may carry, with plain explanations, read from diagnoses.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask_babel import get_locale

FILE = Path(__file__).with_name("diagnoses.toml")


@dataclass(frozen=True)
class Diagnosis:
    """One name: stored key, words in ko and en, and which group it belongs to.

    group: malignant, premalignant, benign or other. model_class: which of the model's classes says the
    same, None where it knows no such class.
    """

    key: str
    group: str
    ko: str
    en: str
    plain_ko: str
    plain_en: str
    model_class: str | None = None

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.en if str(get_locale()) == "en" else self.ko

    @property
    def plain(self) -> str:
        """What it means, in the reader's language."""
        return self.plain_en if str(get_locale()) == "en" else self.plain_ko


@cache
def all_diagnoses() -> tuple[Diagnosis, ...]:
    """Return every name, in the order of the file."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Diagnosis(**entry) for entry in raw["diagnosis"])


@cache
def _by_key() -> dict[str, Diagnosis]:
    return {diagnosis.key: diagnosis for diagnosis in all_diagnoses()}


def find(key: str) -> Diagnosis:
    """Return the diagnosis of a stored key; raises `KeyError` for one that was never on offer."""
    return _by_key()[key]


def known(key: str) -> bool:
    """True if `key` is on offer."""
    return key in _by_key()


def keys() -> tuple[str, ...]:
    """Return every key on offer, in the order of the file."""
    return tuple(_by_key())
