"""Reviews from a store in a CSV file that the importer reads: merged, with edits kept beside them."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nlp.stores.entries import Found

COLUMNS = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW", "APP", "STORE", "ID", "VERSION")
Row = dict[str, str]


@dataclass
class Kept:
    """What a file holds after a run: how many reviews were new in it, edited, and as they were."""

    reviews: int = 0
    new: int = 0
    edited: int = 0


class ForeignFile(ValueError):
    """The file is not one that was written here, or it is damaged."""


class Shelf:
    """One CSV file of one or more apps. Written whole or not at all; rows stay in the order they came in.

    Raises ``ForeignFile`` for a file with other content, and ``OSError`` as ``open`` does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[tuple[str, str], Row] = {}
        self._former: list[Row] = []
        self.kept = Kept()
        if path.exists():
            try:
                self._read()
            except (csv.Error, UnicodeDecodeError) as error:
                raise ForeignFile(str(error)) from error
        self.kept.reviews = len(self._rows)

    def _read(self) -> None:
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise ForeignFile(f"no column {min(missing)}")
            for row in reader:
                self._rows[row["STORE"], row["ID"]] = {name: row[name] or "" for name in COLUMNS}

    def put(self, found: Iterable[Found]) -> None:
        """Add reviews; one that its author edited takes the former one's place, which is kept apart."""
        for item in found:
            review = item.review
            row = {
                "USER": review.author,
                "DATE": review.at.isoformat(),
                "STAR": str(review.star),
                "LIKE": str(review.likes),
                "TITLE": review.title,
                "REVIEW": review.text,
                "APP": review.app,
                "STORE": review.store,
                "ID": review.store_id,
                "VERSION": review.version,
            }
            former = self._rows.get((review.store, review.store_id))
            if former is None:
                self.kept.new += 1
            elif any(former[name] != row[name] for name in ("STAR", "TITLE", "REVIEW")):
                self.kept.edited += 1
                self._former.append(former)
            self._rows[review.store, review.store_id] = row
        self.kept.reviews = len(self._rows)

    def save(self) -> None:
        """Write the file, and what was edited since to ``<name>.edits.csv``."""
        edits = self._path.with_suffix(".edits.csv")
        if self._former:
            kept = edits.read_bytes() if edits.exists() else _csv([]).encode("utf-8-sig")
            _put(edits, kept + _csv(self._former).partition("\n")[2].encode())
            self._former = []
        _put(self._path, _csv(self._rows.values()).encode("utf-8-sig"))


def _csv(rows: Iterable[Row]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
