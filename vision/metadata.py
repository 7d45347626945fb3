"""What is known of pictures beside themselves: the CSV that ``predict --metadata`` takes."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vision.context import Known
from vision.data import DataError, yes_or_no

PICTURE = ("image_id", "path", "file", "filename", "image", "isic_id", "img_id")
AGE = ("age", "age_approx", "patient_age")
SEX = ("sex", "gender")
SITE = ("site", "localization", "body_site", "anatom_site_general", "anatom_site", "region")
SAID = {
    "itch": ("itch", "itches", "itching"),
    "grew": ("grew", "growth", "growing", "grown"),
    "hurt": ("hurt", "hurts", "pain"),
    "changed": ("changed", "change"),
    "bleed": ("bleed", "bleeds", "bleeding", "bled"),
    "elevation": ("elevation", "elevated", "raised"),
}
"""Symptoms, each yes or no."""
LESION = ("lesion_id", "lesion")
_UNSAID = {"", "unknown", "unk", "none", "nan", "na", "n/a", "-", "?", "모름", "미상"}
"""What stands in a cell of which nothing is known, and is no slip worth a word."""
_YEARS = re.compile(r"\s*(세|살|years?( old)?|yrs?)$")


@dataclass(frozen=True)
class About:
    """One picture: what is known of the patient, and the name of the lesion, empty if nobody said."""

    known: Known = field(default_factory=Known)
    lesion: str = ""


def read_metadata(path: Path, say: Callable[[str], None] = lambda line: None) -> dict[str, About]:
    """File name, with and without its ending, → what is known. Columns may be missing, cells empty.

    Raises DataError if the file cannot be read or names no pictures; nonsense in a cell counts as unknown, and
    ``say`` is told of it, a line for each column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a CSV file in UTF-8 ({error})") from None

    def column(known: tuple[str, ...]) -> str | None:
        return next((names[name] for name in known if name in names), None)

    picture = column(PICTURE)
    if picture is None:
        raise DataError(f"{path}: no column names the pictures (one of {', '.join(PICTURE)})")
    age, sex, site, lesion = (column(known) for known in (AGE, SEX, SITE, LESION))
    said = {name: column(known) for name, known in SAID.items()}
    found: dict[str, About] = {}
    dropped: dict[str, list[str]] = {}
    for row in rows:
        name = Path((row[picture] or "").strip()).name

        def cell(key: str | None, row: dict[str, str] = row) -> str:
            return (row.get(key) or "").strip() if key else ""

        answers = {name: yes_or_no(cell(key)) for name, key in said.items()}
        symptoms = {name: answer for name, answer in answers.items() if answer is not None}
        about = About(Known(_years(cell(age)), cell(sex), cell(site), symptoms), cell(lesion))
        understood = about.known.values()
        for attribute, key in {"age": age, "sex": sex, "site": site, **said}.items():
            if attribute not in understood and cell(key).lower() not in _UNSAID:
                dropped.setdefault(attribute, []).append(f"{cell(key)!r} of {name}")
        found[name] = about
        found.setdefault(Path(name).stem, about)
    for attribute, cells in dropped.items():
        say(
            f"{path}: {attribute} not understood and left out in {len(cells)} of {len(rows)} rows: {_first(cells)}"
        )
    return found


def unused(found: Mapping[str, About], used: Collection[About]) -> str:
    """In one line, which rows were of none of the pictures; empty if there are none. Rows are told by identity."""
    taken = {id(about) for about in used}
    rows: dict[int, str] = {}
    for key, about in found.items():
        if id(about) not in taken:
            rows.setdefault(id(about), key)
    return f"{len(rows)} rows match no picture: {_first(list(rows.values()))}" if rows else ""


def _first(found: Sequence[str]) -> str:
    return found[0] + (", …" if len(found) > 1 else "")


def _years(text: str) -> float | None:
    try:
        years = float(_YEARS.sub("", text.lower()))
    except ValueError:
        return None
    return years if math.isfinite(years) else None
