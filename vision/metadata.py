"""What is known of pictures beside themselves: the CSV that ``predict --metadata`` takes."""

from __future__ import annotations

import csv
import math
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


@dataclass(frozen=True)
class About:
    """One picture: what is known of the patient, and the name of the lesion, empty if nobody said."""

    known: Known = field(default_factory=Known)
    lesion: str = ""


def read_metadata(path: Path) -> dict[str, About]:
    """File name, with and without its ending, → what is known. Columns may be missing, cells empty.

    Raises DataError if the file cannot be read or names no pictures; nonsense in a cell counts as unknown.
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
    for row in rows:
        name = Path((row[picture] or "").strip()).name

        def cell(key: str | None, row: dict[str, str] = row) -> str:
            return (row.get(key) or "").strip() if key else ""

        answers = {name: yes_or_no(cell(key)) for name, key in said.items()}
        symptoms = {name: answer for name, answer in answers.items() if answer is not None}
        about = About(Known(_years(cell(age)), cell(sex), cell(site), symptoms), cell(lesion))
        found[name] = about
        found.setdefault(Path(name).stem, about)
    return found


def _years(text: str) -> float | None:
    try:
        years = float(text)
    except ValueError:
        return None
    return years if math.isfinite(years) else None
