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
    """One text in both languages; the `direct` one is for patients without an account, empty if they are not told.

    Where it promises the reminder of the day before, `direct_late` is said once that reminder does not come any more.
    """

    code: str
    ko: str
    en: str
    direct_ko: str = ""
    direct_en: str = ""
    direct_late_ko: str = ""
    direct_late_en: str = ""

    def text(
        self, locale: str, variables: Mapping[str, str], *, direct: bool = False, late: bool = False
    ) -> str:
        """Return the text in a language with everything put in. Raises `KeyError` for what is not given."""
        korean_text, english_text = (self.direct_ko, self.direct_en) if direct else (self.ko, self.en)
        if direct and late and self.differs_late:
            korean_text, english_text = self.direct_late_ko, self.direct_late_en
        return (english_text if locale == "en" else korean_text).format_map(variables)

    @property
    def is_for_direct(self) -> bool:
        """True if patients without an account are told this."""
        return bool(self.direct_ko)

    @property
    def differs_late(self) -> bool:
        """True if patients without an account are told something else where the day before is past."""
        return bool(self.direct_late_ko)

    def code_for(self, *, direct: bool, late: bool = False) -> str:
        """Return the code by which Kakao knows the text."""
        if not direct:
            return self.code
        return f"{self.code}_DIRECT_LATE" if late and self.differs_late else f"{self.code}_DIRECT"


@cache
def templates() -> Mapping[NoticeKind, Template]:
    """Return the text of every kind of notice."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {NoticeKind(kind): Template(**values) for kind, values in found.items()}
