"""The languages in which a doctor may say that they consult."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

LANGUAGES: dict[str, LazyString] = {
    "ko": _l("한국어"),
    "ksl": _l("한국 수어"),
    "en": _l("영어"),
    "zh": _l("중국어"),
    "vi": _l("베트남어"),
    "ja": _l("일본어"),
    "th": _l("태국어"),
    "ru": _l("러시아어"),
    "uz": _l("우즈베크어"),
    "mn": _l("몽골어"),
}


def language_names(codes: Collection[str]) -> list[str]:
    """Return the names of these languages in the reader's own, in the order of the list."""
    return [str(name) for code, name in LANGUAGES.items() if code in codes]
