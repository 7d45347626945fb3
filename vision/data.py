"""The labelled pictures: reading labels.csv, choosing what to train on, and the pixel cache."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.classes import KEYS, MERGED
from vision.images import UInt8, decode, one_resolution
from vision.tables import DataError, read_table

CLINICAL = ("close-up", "smartphone")
"""The domains a patient's camera makes; the others are dermoscopy."""
SYMPTOMS = ("itch", "grew", "hurt", "changed", "bleed", "elevation")
"""What the patient says of the lesion: yes, no, or nothing."""
COLUMNS = {
    *("image_id", "dx", "source_dataset", "modality", "lesion_id", "patient_id", "split_hint"),
    *("age", "sex", "localization", "fitzpatrick", "skin_tone", *SYMPTOMS),
}
"""Of labels.csv."""
PATCHES = "MILK10k_plain_skin_patch"
"""The source of pictures of skin without a lesion."""

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Folder of the shared data: $SALPIM_DATA, or ../shared/data beside the project."""
    return Path(os.environ.get("SALPIM_DATA") or ROOT.parent / "shared" / "data")


@dataclass(frozen=True)
class Record:
    """One labelled picture. ``label`` is an index into CLASSES, or -1 where it is none of them.

    What is said of the patient may be unknown: age in years, the rest as the file has it or empty.
    """

    image_id: str
    label: int
    dx: str
    source: str
    modality: str
    lesion_id: str
    patient_id: str
    split: str
    age: float | None = None
    sex: str = ""
    body_site: str = ""
    fitzpatrick: str = ""
    skin_tone: str = ""
    symptoms: tuple[tuple[str, bool], ...] = ()

    @property
    def group(self) -> str:
        """What no split may divide: the patient where known, else the lesion, else the picture."""
        if self.patient_id:
            return f"{self.source}/patient/{self.patient_id}"
        return f"{self.source}/lesion/{self.lesion_id or self.image_id}"

    @property
    def domain(self) -> str:
        """The kind of picture: 'dermoscopy', 'milk-dermoscopy', 'close-up' or 'smartphone'."""
        if self.source.startswith("MILK10k"):
            return "milk-dermoscopy" if self.modality == "dermoscopic" else "close-up"
        modality = self.modality.lower()
        if "smartphone" in modality:
            return "smartphone"
        return "close-up" if "clinical" in modality or "close" in modality else "dermoscopy"


def read_labels(path: Path) -> list[Record]:
    """Read a labels file with at least the columns image_id and dx (`read_table`). Raises DataError."""
    names, rows = read_table(path, COLUMNS)
    if missing := {"image_id", "dx"} - names.keys():
        raise DataError(f"{path}: column {', '.join(sorted(missing))} is missing")
    return [_record({name: row[as_written] for name, as_written in names.items()}) for _, row in rows]


def _record(row: Mapping[str, str | None]) -> Record:
    def text(key: str) -> str:
        return (row.get(key) or "").strip()

    dx = MERGED.get(text("dx").casefold(), text("dx").casefold())
    return Record(
        image_id=text("image_id"),
        label=KEYS.index(dx) if dx in KEYS else -1,
        dx=dx,
        source=text("source_dataset"),
        modality=text("modality"),
        lesion_id=text("lesion_id"),
        patient_id=text("patient_id"),
        split=text("split_hint"),
        age=_age(text("age")),
        sex=text("sex").lower(),
        body_site=text("localization").lower(),
        fitzpatrick=text("fitzpatrick"),
        skin_tone=text("skin_tone"),
        symptoms=tuple((name, said) for name in SYMPTOMS if (said := yes_or_no(text(name))) is not None),
    )


def yes_or_no(text: str) -> bool | None:
    """What a cell says; ``None`` for everything but a plain yes or no."""
    word = text.strip().lower()
    if word in {"yes", "y", "true", "1", "예", "네"}:
        return True
    return False if word in {"no", "n", "false", "0", "아니오", "아니요"} else None


def _age(text: str) -> float | None:
    try:
        years = float(text)
    except ValueError:
        return None
    return years if math.isfinite(years) else None


def find_image(folder: Path, image_id: str) -> Path:
    """The file of a picture: ``<image_id>`` itself or with a known ending. Raises DataError."""
    for ending in ("", ".jpg", ".jpeg", ".png", ".webp", ".heic", ".JPG"):
        path = folder / f"{image_id}{ending}"
        if path.is_file():
            return path
    raise DataError(f"{folder}: no picture for image_id {image_id}")


class PixelCache:
    """Every picture decoded once, at one resolution, in one flat memory-mapped file.

    Training reads views of it, so no time goes into JPEG decoding; it is rebuilt when the list of
    pictures or the resolution changes, or if its files do not fit each other.
    """

    def __init__(self, pixels: UInt8, index: dict[str, tuple[int, int, int]]) -> None:
        self._pixels = pixels
        self._index = index

    def __getitem__(self, image_id: str) -> UInt8:
        """uint8 (h, w, 3), the shorter side at the cache's resolution."""
        offset, height, width = self._index[image_id]
        return self._pixels[offset : offset + height * width * 3].reshape(height, width, 3)

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._index

    @classmethod
    def open(
        cls,
        folder: Path,
        images: Path,
        ids: Sequence[str],
        resolution: int,
        progress: Callable[[str], None] = lambda line: None,
    ) -> PixelCache:
        """Open the cache in ``folder``, building it first if it does not hold exactly ``ids``."""
        key = hashlib.sha256("\n".join([str(resolution), *ids]).encode()).hexdigest()[:16]
        pixels_path = folder / f"pixels-{resolution}-{key}.bin"
        index_path = pixels_path.with_suffix(".json")
        index = _read_index(pixels_path, index_path)
        if index is None:
            folder.mkdir(parents=True, exist_ok=True)
            index = _build_cache(pixels_path, index_path, images, ids, resolution, progress)
        return cls(np.memmap(pixels_path, dtype=np.uint8, mode="r"), index)


def _read_index(pixels_path: Path, index_path: Path) -> dict[str, tuple[int, int, int]] | None:
    """Offset, height and width by picture; nothing, if the index or the pixels are not there whole."""
    try:
        read = json.loads(index_path.read_text(encoding="utf-8"))
        index = {str(k): (int(v[0]), int(v[1]), int(v[2])) for k, v in read.items()}
        whole = sum(height * width * 3 for _, height, width in index.values())
        return index if pixels_path.stat().st_size == whole else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _build_cache(
    pixels_path: Path,
    index_path: Path,
    images: Path,
    ids: Iterable[str],
    resolution: int,
    progress: Callable[[str], None],
) -> dict[str, tuple[int, int, int]]:
    index: dict[str, tuple[int, int, int]] = {}
    offset = 0
    partial = pixels_path.with_suffix(".partial")
    with partial.open("wb") as out:
        for number, image_id in enumerate(ids, 1):
            decoded = decode(find_image(images, image_id).read_bytes(), resolution)
            pixels = np.asarray(one_resolution(decoded.pixels, resolution), dtype=np.uint8)
            out.write(pixels.tobytes())
            index[image_id] = (offset, pixels.shape[0], pixels.shape[1])
            offset += pixels.size
            if number % 2000 == 0:
                progress(f"decoded {number} pictures")
    partial.replace(pixels_path)
    partial = index_path.with_suffix(".json.partial")
    partial.write_text(json.dumps(index), encoding="utf-8")
    partial.replace(index_path)
    return index
