"""The texts of templates.toml, read once: what goes to telephones and, by its code, as 알림톡."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.notifications.models import NoticeKind

FILE = Path(__file__).with_name("templates.toml")


@dataclass(frozen=True)
class Template:
    """One text in both languages; the `direct` one is for patients without an account, empty if they are not told."""

    code: str
    ko: str
    en: str
    direct_ko: str = ""
    direct_en: str = ""

    def text(self, locale: str, variables: Mapping[str, str], *, direct: bool = False) -> str:
        """Return the text in a language with everything put in. Raises `KeyError` for what is not given."""
        english = locale == "en"
        korean_text, english_text = (self.direct_ko, self.direct_en) if direct else (self.ko, self.en)
        return (english_text if english else korean_text).format_map(variables)

    @property
    def is_for_direct(self) -> bool:
        """True if patients without an account are told this."""
        return bool(self.direct_ko)

    def code_for(self, *, direct: bool) -> str:
        """Return the code by which Kakao knows the text."""
        return f"{self.code}_DIRECT" if direct else self.code


@cache
def templates() -> Mapping[NoticeKind, Template]:
    """Return the text of every kind of notice."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {NoticeKind(kind): Template(**values) for kind, values in found.items()}
