"""What the figures say of the provinces: how old people are, how many clinics there are, and where both are worst.

people.csv: year, province, people, elders (65 or more). institutions.csv: year, province, general hospitals, hospitals,
clinics. Both from KOSIS (sources.toml). Dentists, Korean medicine and long-term care are left out: they do not look
at moles.

The ranking is by the share of elders, by places per 1,000 elders (the fewest first), or by an index of both: the mean
of two z-scores over the 17 provinces (population standard deviation), that of the share of elders and the negated one
of places per 1,000 elders. 0 is the country's middle.
"""

from __future__ import annotations

import csv
import enum
import statistics
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.regions.areas import Area, areas

_FOLDER = Path(__file__).parent / "figures_data"


@dataclass(frozen=True)
class Source:
    """A table: what it is and who publishes it."""

    title_ko: str
    title_en: str
    publisher_ko: str
    publisher_en: str


@dataclass(frozen=True)
class Figures:
    """One province in one year: people and elders of it; places of `places_year`, which may be another."""

    province: Area
    year: int
    places_year: int
    people: int
    elders: int
    places: int
    """General hospitals, hospitals and clinics."""

    @property
    def share(self) -> float:
        """Elders among the people, 0 to 1."""
        return self.elders / self.people

    @property
    def per_elders(self) -> float:
        """Places per 1,000 elders."""
        return 1000 * self.places / self.elders

    @property
    def per_people(self) -> float:
        """Places per 10,000 people."""
        return 10_000 * self.places / self.people


@dataclass(frozen=True)
class Ranked:
    """A province's place among the 17, 1 being the worst, and the index, whatever it was ranked by."""

    rank: int
    index: float
    figures: Figures


def _read(name: str) -> dict[int, dict[str, dict[str, int]]]:
    """Return year → province → column → number."""
    found: dict[int, dict[str, dict[str, int]]] = {}
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            numbers = {key: int(value) for key, value in row.items() if key not in ("year", "province")}
            found.setdefault(int(row["year"]), {})[row["province"]] = numbers
    return found


@cache
def _people() -> dict[int, dict[str, dict[str, int]]]:
    return _read("people.csv")


@cache
def _institutions() -> dict[int, dict[str, dict[str, int]]]:
    return _read("institutions.csv")


@cache
def sources() -> tuple[Source, ...]:
    """Return the tables used."""
    content = tomllib.loads((_FOLDER / "sources.toml").read_text(encoding="utf-8"))
    return tuple(
        Source(**{key: value for key, value in row.items() if key != "file"}) for row in content.values()
    )


def years() -> tuple[int, ...]:
    """Return the years there are figures of people for, the latest first."""
    return tuple(sorted(_people(), reverse=True))


def places_year(year: int) -> int:
    """Return the year of the institutions that goes with `year`: the nearest, the earlier of two as near."""
    return min(_institutions(), key=lambda one: (abs(one - year), one))


def figures(year: int) -> list[Figures]:
    """Return the figures of every province. Raises `LookupError` for a year that there is not."""
    people, other = _people()[year], places_year(year)
    return [
        Figures(
            areas()[code],
            year,
            other,
            numbers["people"],
            numbers["elders"],
            sum(_institutions()[other][code].values()),
        )
        for code, numbers in sorted(people.items())
    ]


class By(enum.StrEnum):
    """What the provinces are ranked by."""

    INDEX = "index"
    ELDERS = "elders"
    PLACES = "places"


def ranking(year: int, by: By = By.INDEX) -> list[Ranked]:
    """Return the provinces, where elders are most, clinics fewest for them, or both are worst, first.

    Raises `LookupError` for a year that there is not.
    """
    rows = figures(year)
    old, few = _z(rows, lambda row: row.share), _z(rows, lambda row: -row.per_elders)
    index = {row.province.code: (a + b) / 2 for row, a, b in zip(rows, old, few, strict=True)}
    worth: dict[By, Callable[[Figures], float]] = {
        By.INDEX: lambda row: index[row.province.code],
        By.ELDERS: lambda row: row.share,
        By.PLACES: lambda row: -row.per_elders,
    }
    rows.sort(key=lambda row: (-worth[by](row), row.province.code))
    return [Ranked(place, index[row.province.code], row) for place, row in enumerate(rows, 1)]


def _z(rows: Sequence[Figures], of: Callable[[Figures], float]) -> list[float]:
    values = [of(row) for row in rows]
    mean, spread = statistics.fmean(values), statistics.pstdev(values)
    return [(value - mean) / spread for value in values]
