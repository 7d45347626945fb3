"""The 17 provinces (시·도) and 252 districts (시·군·구) of Korea, by their codes at Statistics Korea.

areas.csv: code, province (its province's code), name, name_en, latitude and longitude of the middle (WGS84, degrees),
metropolitan (1: 수도권). A province has two digits, a district five, of which the first two are its province's.
Source: centroids of the boundaries that Statistics Korea published for 2013, brought up to 2024 by hand: 미추홀구
(2018) and 군위군 in Daegu (2023); the four districts of 청주 (2014) have middles estimated to about three kilometres.
English names follow the Revised Romanisation, as the districts write themselves.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Area:
    """A province or a district; latitude and longitude of its middle in degrees (WGS84)."""

    code: str
    province: str
    name: str
    name_en: str
    latitude: float
    longitude: float
    metropolitan: bool

    @property
    def is_province(self) -> bool:
        """Whether it is one of the 17."""
        return self.code == self.province

    def full_name(self, *, english: bool = False) -> str:
        """Return the name with its province's: 전라남도 해남군, Haenam-gun, Jeonnam."""
        above = areas()[self.province]
        if self.is_province:
            return self.name_en if english else self.name
        return f"{self.name_en}, {above.name_en}" if english else f"{above.name} {self.name}"


@cache
def areas() -> dict[str, Area]:
    """Return code → area: each province followed by its districts."""
    with (Path(__file__).parent / "areas.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Area(
                row["code"],
                row["province"],
                row["name"],
                row["name_en"],
                float(row["latitude"]),
                float(row["longitude"]),
                row["metropolitan"] == "1",
            )
            for row in csv.DictReader(file)
        }


def area(code: str | None) -> Area | None:
    """Return the area with this code, or None."""
    return areas().get(code or "")


@cache
def provinces() -> tuple[Area, ...]:
    """Return the 17 provinces."""
    return tuple(one for one in areas().values() if one.is_province)


@cache
def districts(province: str) -> tuple[Area, ...]:
    """Return the districts of a province by its code, by name; empty for an unknown one."""
    found = (one for one in areas().values() if one.province == province and not one.is_province)
    return tuple(sorted(found, key=lambda one: one.name))
