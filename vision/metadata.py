"""What is known of pictures beside themselves: the CSV that ``predict --metadata`` takes."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from vision.context import Known
from vision.data import yes_or_no
from vision.tables import DataError, read_table

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
_COLUMNS = {*PICTURE, *AGE, *SEX, *SITE, *LESION, *(name for names in SAID.values() for name in names)}
_UNSAID = {"", "unknown", "unk", "none", "nan", "na", "n/a", "-", "?", "모름", "미상"}
"""What stands in a cell of which nothing is known, and is no slip worth a word."""
_ELSEWHERE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""How a whole path begins on Windows: a drive, or a computer of the network."""
_YEARS = re.compile(r"\s*(세|살|years?( old)?|yrs?)$")


@dataclass(frozen=True)
class About:
    """One picture: what is known of the patient, and the name of the lesion, empty if nobody said."""

    known: Known = field(default_factory=Known)
    lesion: str = ""


def read_metadata(path: Path, say: Callable[[str], None] = lambda line: None) -> dict[str, About]:
    """File name, with and without its ending, → what is known; ``about`` looks a picture up in it.

    A row that names a folder is of the picture there alone and stands under its whole path. Folders are parted by
    slashes or by backslashes; of a whole path of Windows the name counts anywhere else, unless several rows with
    such paths share it. Columns may be missing, cells empty; of rows with the same name the last one counts. ``say``
    is told if they disagree, and of rows that name no picture.

    Raises DataError if the file cannot be read or names no pictures; nonsense in a cell counts as unknown, and
    ``say`` is told of it, a line for each column.
    """
    names, rows = read_table(path, _COLUMNS)

    def column(known: tuple[str, ...]) -> str | None:
        return next((names[name] for name in known if name in names), None)

    picture = column(PICTURE)
    if picture is None:
        raise DataError(f"{path}: no column names the pictures (one of {', '.join(PICTURE)})")
    columns = {"age": column(AGE), "sex": column(SEX), "site": column(SITE), "lesion": column(LESION)}
    columns |= {name: column(known) for name, known in SAID.items()}
    shared = _shared_elsewhere([row[picture] or "" for _, row in rows])
    found: dict[str, About] = {}
    notes: dict[str, list[str]] = {_NAMELESS: [], _SHARED: [], _TWICE: []}
    for line, row in rows:
        cells = {name: (row.get(key) or "").strip() if key else "" for name, key in columns.items()}
        written = _written(row[picture] or "")
        name = _place(written) if len(written.parts) > 1 else written.name
        if not name or name in shared:
            notes[_SHARED if name else _NAMELESS].append(name or f"in line {line}")
            continue
        told, before = _about(cells), found.get(name)
        for attribute in _not_understood(cells, told):
            notes.setdefault(f"{attribute} not understood and left out in rows", []).append(
                f"{cells[attribute]!r} of {name}"
            )
        if before not in (None, told):
            notes[_TWICE].append(name)
        found[name] = told
        if name == written.name and found.get(written.stem) is before:
            found[written.stem] = told
    for note, slips in notes.items():
        if slips:
            say(f"{path}: {note}: {_first(slips)}")
    return found


_NAMELESS = "rows that name no picture"
_SHARED = "rows left out, for pictures in several folders of another computer have this name"
_TWICE = "rows that say otherwise than one before them, of which the last counts"


def _written(cell: str) -> Path:
    """The path in a cell, by this machine's rules; of one that another machine's begins, the name."""
    text = cell.strip()
    if os.name != "nt" and _ELSEWHERE.match(text):
        text = PureWindowsPath(text).name
    return Path(_composed(text.replace("\\", "/")))


def _shared_elsewhere(cells: Sequence[str]) -> set[str]:
    """Names that whole paths of another machine have in several folders: whose is whose cannot be told."""
    paths = {PureWindowsPath(_composed(cell.strip())) for cell in cells if _ELSEWHERE.match(cell.strip())}
    counted = Counter(path.name for path in paths)
    return {name for name, count in counted.items() if count > 1} if os.name != "nt" else set()


def _about(cells: Mapping[str, str]) -> About:
    symptoms = {name: said for name in SAID if (said := yes_or_no(cells[name])) is not None}
    return About(Known(_years(cells["age"]), cells["sex"], cells["site"], symptoms), cells["lesion"])


def _not_understood(cells: Mapping[str, str], told: About) -> list[str]:
    understood = told.known.values()
    return [
        name
        for name in ("age", "sex", "site", *SAID)
        if name not in understood and cells[name].lower() not in _UNSAID
    ]


def about(found: Mapping[str, About], picture: Path) -> About:
    """What is known of a picture: by its place, with and without its ending, else by its name."""
    place = _place(picture)
    name = Path(_composed(picture.name))
    keys = (place, place.removesuffix(name.suffix), name.name, name.stem)
    return next((found[key] for key in keys if key in found), About())


def unused(found: Mapping[str, About], used: Collection[About]) -> str:
    """In one line, which rows were of none of the pictures; empty if there are none. Rows are told by identity."""
    taken = {id(row) for row in used}
    rows: dict[int, str] = {}
    for key, row in found.items():
        if id(row) not in taken:
            rows.setdefault(id(row), key)
    return f"rows that match no picture: {_first(list(rows.values()))}" if rows else ""


def _place(path: Path) -> str:
    return _composed(os.path.realpath(path))  # unlike Path.resolve it takes links that lead in a circle


def _composed(text: str) -> str:
    """With syllables as one character each, as CSV files have them: macOS writes 각 in names as ㄱ, ㅏ and ㄱ."""
    return unicodedata.normalize("NFC", text)


def _first(found: Sequence[str]) -> str:
    return f"{len(found)}, the first {found[0]}"


def _years(text: str) -> float | None:
    try:
        years = float(_YEARS.sub("", text.lower()))
    except ValueError:
        return None
    return years if math.isfinite(years) else None
