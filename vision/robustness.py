"""Does the model still say the same of the same lesion in a worse photo of it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from vision.data import CLINICAL, find_image
from vision.images import decode, one_resolution
from vision.samples import Change, blurred, compressed, exposed, turned, zoomed_out

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from vision.data import Record
    from vision.predict import Prediction
    from vision.registry import Config

NOT_READABLE = "not_readable"
CHANGES: Mapping[str, Change] = {
    "blur of 1 pixel": blurred(1.0),
    "blur of 2 pixels": blurred(2.0),
    "half the light": exposed(0.5),
    "a quarter of the light": exposed(0.25),
    "JPEG quality 30": compressed(30),
    "turned by 90°": turned(90.0),
    "turned by 15°": turned(15.0),
    "zoomed out to half": zoomed_out(0.5),
}
Log = Callable[[str], None]


class Reader(Protocol):
    """What robustness needs of a Predictor."""

    config: Config

    def predict(self, image: bytes | Image.Image) -> Prediction: ...


def drawn(records: Sequence[Record], pictures: int, *, seed: int = 0) -> list[Record]:
    """At most so many of the pictures, by lot, in their order."""
    if pictures >= len(records):
        return list(records)
    chosen = np.random.default_rng(seed).choice(len(records), pictures, replace=False)
    return [records[row] for row in sorted(chosen)]


def robustness(
    predictor: Reader,
    records: Sequence[Record],
    images: Path,
    *,
    changes: Mapping[str, Change] = CHANGES,
    rounds: int = 1000,
    log: Log = lambda line: None,
) -> dict[str, Any]:
    """Predict every picture as it is and changed, at the working resolution, and compare.

    {"all", "clinical", "dermoscopic": {"pictures", "as_they_are_refused", "changes": {name: {…}}}}. Of each change:
    flip_rate: share whose ``top`` is another one, with 95 % bootstrap interval over lesions or patients; of_read:
    the same share of the changed pictures that are not refused; risk_change and risk_shift: mean absolute and mean
    change of ``risk``; refused: share called not readable, an honest answer to a bad photo (zoomed out, also to
    surroundings that had to be made up).
    """
    rows: list[tuple[Record, list[Prediction]]] = []
    resolution = predictor.config.resolution
    for number, record in enumerate(records, 1):
        data = find_image(images, record.image_id).read_bytes()
        picture = one_resolution(decode(data, resolution).pixels, resolution)
        said = [predictor.predict(picture), *(predictor.predict(c(picture)) for c in changes.values())]
        rows.append((record, said))
        if number % 50 == 0:
            log(f"robustness: {number} of {len(records)} pictures")
    parts = {
        "all": rows,
        "clinical": [r for r in rows if r[0].domain in CLINICAL],
        "dermoscopic": [r for r in rows if r[0].domain not in CLINICAL],
    }
    return {name: _part(part, list(changes), rounds) for name, part in parts.items() if part}


def _part(
    rows: Sequence[tuple[Record, list[Prediction]]], names: Sequence[str], rounds: int
) -> dict[str, Any]:
    groups = [record.group for record, _ in rows]
    return {
        "pictures": len(rows),
        "as_they_are_refused": _mean([said[0].outcome == NOT_READABLE for _, said in rows]),
        "changes": {
            name: _compared([(said[0], said[at]) for _, said in rows], groups, rounds)
            for at, name in enumerate(names, 1)
        },
    }


def _compared(
    pairs: Sequence[tuple[Prediction, Prediction]], groups: Sequence[str], rounds: int
) -> dict[str, Any]:
    flips = [plain.top != changed.top for plain, changed in pairs]
    read = [flip for flip, (_, changed) in zip(flips, pairs, strict=True) if changed.outcome != NOT_READABLE]
    shifts = np.array([changed.risk - plain.risk for plain, changed in pairs])
    return {
        "flip_rate": _mean(flips),
        "interval": _interval(flips, groups, rounds),
        "of_read": _mean(read) if read else None,
        "risk_change": _mean(np.abs(shifts)),
        "risk_shift": _mean(shifts),
        "refused": _mean([changed.outcome == NOT_READABLE for _, changed in pairs]),
    }


def _mean(values: Any) -> float:
    return round(float(np.mean(values)), 4)


def _interval(flips: Sequence[bool], groups: Sequence[str], rounds: int) -> list[float]:
    """95 % percentile bootstrap of a share, drawing whole groups with replacement."""
    _, inverse = np.unique(np.array(groups), return_inverse=True)
    sizes = np.bincount(inverse)
    flipped = np.bincount(inverse, weights=np.array(flips, dtype=np.float64))
    picks = np.random.default_rng(0).integers(0, len(sizes), (rounds, len(sizes)))
    shares = flipped[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return [round(float(q), 4) for q in np.percentile(shares, [2.5, 97.5])]
