"""Doctors' specialties in the reader's language. They are entered in Korean, as they stand on the sign of a clinic."""

from __future__ import annotations

import re

from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

HANGUL = re.compile("[가-힣]")
SPECIALTIES: dict[str, LazyString] = {
    "피부과": _l("피부과"),
    "가정의학과": _l("가정의학과"),
    "내과": _l("내과"),
    "소아청소년과": _l("소아청소년과"),
    "외과": _l("외과"),
    "성형외과": _l("성형외과"),
    "정형외과": _l("정형외과"),
    "산부인과": _l("산부인과"),
    "비뇨의학과": _l("비뇨의학과"),
    "안과": _l("안과"),
    "이비인후과": _l("이비인후과"),
    "신경과": _l("신경과"),
    "정신건강의학과": _l("정신건강의학과"),
    "재활의학과": _l("재활의학과"),
    "응급의학과": _l("응급의학과"),
    "병리과": _l("병리과"),
    "일반의": _l("일반의"),
}


def specialty_name(entered: str) -> str:
    """Return a specialty in the reader's language; one that is not known as it was entered."""
    return str(SPECIALTIES.get(entered.strip(), entered))


def shown(entered: str | None) -> Markup:
    """Return it for a page: on an English one, what has no English name is marked as Korean."""
    name = specialty_name(entered or "")
    if str(get_locale()) == "ko" or not HANGUL.search(name):
        return escape(name)
    return Markup('<span lang="ko">{}</span>').format(name)
