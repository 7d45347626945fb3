"""The demonstration's photos: real ones where the development data are there, drawings otherwise."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from app.cli import drawings

SOURCE = "PAD-UFES-20"
ATTRIBUTION = "PAD-UFES-20 (Pacheco 2020), CC BY 4.0"
DRAWN = "살핌이 그린 그림(사진 아님) · a drawing made by Salpim, not a photo"
SEED = 20261122


@dataclass(frozen=True)
class DemoPhoto:
    """A picture and where it comes from."""

    jpeg: bytes
    source: str


class Photos:
    """Photos by class key. Real ones are of the test split: the model has not learnt from them."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "skin" / "images"
        self._real = _test_photos(data / "skin" / "labels.csv")

    @property
    def real(self) -> bool:
        """True if there are real photos."""
        return bool(self._real)

    def get(self, kind: str, pick: int) -> DemoPhoto:
        """Return the photo of a class with number `pick`; a drawing where there is no real one."""
        names = self._real.get(kind, [])
        if pick < len(names):
            path = self._folder / f"{names[pick]}.jpg"
            if path.is_file():
                return DemoPhoto(path.read_bytes(), ATTRIBUTION)
        return DemoPhoto(drawings.lesion(kind, SEED + 31 * pick), DRAWN)


def _test_photos(labels: Path) -> dict[str, list[str]]:
    """Return the image ids of the test split by class, one for each patient, in a fixed order."""
    if not labels.is_file():
        return {}
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    with labels.open(encoding="utf-8", newline="") as file:
        rows = [
            r for r in csv.DictReader(file) if r["source_dataset"] == SOURCE and r["split_hint"] == "test"
        ]
    for row in sorted(rows, key=lambda r: r["image_id"]):
        if row["patient_id"] not in seen:
            seen.add(row["patient_id"])
            found.setdefault(row["dx"], []).append(row["image_id"])
    return found
