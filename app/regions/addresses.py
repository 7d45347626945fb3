"""From an address as registers write it to the district in which it lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from app.regions.areas import Area, areas, districts, provinces

SHORT = {
    "충북": "33",
    "충남": "34",
    "전북": "35",
    "전남": "36",
    "경북": "37",
    "경남": "38",
    "강원도": "32",
    "강원": "32",
    "전라북도": "35",
    "제주도": "39",
    "세종시": "29",
}
"""What provinces are or were called beside their names of today."""
MOVED = {
    ("23", "남구"): "23090",  # 미추홀구 since 2018
    ("37", "군위군"): "22520",  # Daegu's since 2023
    ("33", "청원군"): "33044",  # part of 청주 since 2014; most of it is 청원구
    ("31", "여주군"): "31280",  # a city since 2013
}
_SPACES = re.compile(r"\s+")
_CITY = re.compile(r"\S{2,3}?시")
_LONGEST = 18
"""Letters of province and district together: 강원특별자치도 and 창원시마산회원구 have room in it."""


@cache
def _provinces() -> tuple[tuple[str, str], ...]:
    """Return (what an address may begin with, code), the longest first."""
    found = dict(SHORT)
    for one in provinces():
        found[one.name] = one.code
        stem = one.name[:2]  # 서울, 서울시; 경기; but 충청, 전라 and 경상 are two each
        if stem not in ("충청", "전라", "경상"):
            found |= {stem: one.code, f"{stem}시": one.code}
    for nowhere in ("경기시", "강원시"):
        del found[nowhere]
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))


@cache
def _districts(province: str) -> tuple[tuple[str, str], ...]:
    found = {_SPACES.sub("", one.name): one.code for one in districts(province)}
    found |= {old: code for (where, old), code in MOVED.items() if where == province}
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))


@dataclass(frozen=True)
class Place:
    """The province of an address, and the districts in which it may lie: one as a rule, none if it names none.

    Several where it names a city but not which of its districts ("경기도 부천시 길주로 210").
    """

    province: Area
    districts: tuple[Area, ...]


@lru_cache(maxsize=4096)
def _place_of(start: str) -> Place | None:
    found = next(((name, code) for name, code in _provinces() if start.startswith(name)), None)
    if found is None:
        return None
    name, province = found
    rest = start.removeprefix(name)
    if province == "29":
        return Place(areas()[province], districts(province))  # one district, which addresses leave out
    code = next((code for name, code in _districts(province) if rest.startswith(name)), None)
    if code is not None:
        return Place(areas()[areas()[code].province], (areas()[code],))
    city = _CITY.match(rest)
    several = tuple(one for one in districts(province) if city and one.name.startswith(city[0]))
    return Place(areas()[province], several)


def place_of(address: str) -> Place | None:
    """Return where an address lies; None where it does not begin with a province."""
    return _place_of(_SPACES.sub("", address)[:_LONGEST])
