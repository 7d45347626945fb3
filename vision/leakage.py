"""What a test set must not share with what was trained on: lesions, patients, and pictures under another name.

Pictures are compared by a difference hash (Krawetz 2013): which of two neighbours on a coarse grid is brighter.
Blobs on plain skin resemble each other so much that the hash alone cries wolf, so the grids must also correlate.
A smaller, lighter or recompressed copy is found, a turned or mirrored one too; a cut-out is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vision.data import Record, find_image
from vision.images import UnreadableImage, decode, why
from vision.tables import DataError

GRID = 16
BITS = 2 * GRID * (GRID - 1)
LIMIT = 64
"""Bits of BITS in which two hashes may differ. Copies at two thirds of the size and JPEG 30 stay within it in 95 %."""
CORRELATION = 0.99
"""Of the two grids. True copies in the shared data reach 0.998, the most alike of different lesions 0.987."""
EXAMPLES = 20
WORKING = 150
BLOCK = 128
_PATCH = "_plain_skin_patch"
Float32 = npt.NDArray[np.float32]
UInt64 = npt.NDArray[np.uint64]
Log = Callable[[str], None]


def leakage(records: Sequence[Record], images: Path, *, log: Log = lambda line: None) -> dict[str, Any]:
    """Lesions, patients and pictures that stand in more than one split.

    {"limit", "bits", "correlation", "unreadable", "splits": {name: pictures}, "pairs": {"a · b": {"lesions",
    "patients", "duplicates", "examples": [[id, id, differing bits], …]}}}; pictures that cannot be read are
    compared by lesion and patient alone.
    """
    splits: dict[str, list[Record]] = {}
    for record in records:
        splits.setdefault(record.split or "no split", []).append(record)
    grids, unreadable = _grids(records, images, log)
    pairs = {f"{a} · {b}": _between(splits[a], splits[b], grids) for a, b in combinations(sorted(splits), 2)}
    return {
        "limit": LIMIT,
        "bits": BITS,
        "correlation": CORRELATION,
        "unreadable": unreadable,
        "splits": {name: len(rows) for name, rows in sorted(splits.items())},
        "pairs": pairs,
    }


def grid_of(picture: Image.Image) -> Float32:
    """The picture as GRID × GRID mean luminances, whatever its proportions."""
    return np.asarray(picture.convert("L").resize((GRID, GRID), Image.Resampling.BOX), dtype=np.float32)


def hashes_of(grids: Float32) -> UInt64:
    """grids (n, GRID, GRID) → (n, words): BITS comparisons of neighbours in rows and in columns, packed."""
    count = len(grids)
    across = (np.diff(grids, axis=2) > 0).reshape(count, -1)
    down = (np.diff(grids, axis=1) > 0).reshape(count, -1)
    bits = np.concatenate([across, down], axis=1)
    packed = np.packbits(np.pad(bits, ((0, 0), (0, -BITS % 64))), axis=1)
    return packed.view(np.uint64)


def duplicates(ours: Float32, theirs: Float32) -> Iterator[tuple[int, int, int]]:
    """Pairs of rows that are one picture, with the bits in which they differ, each pair once.

    ours (n, GRID, GRID) is compared in its eight turned and mirrored forms with theirs (m, GRID, GRID).
    """
    best: dict[tuple[int, int], int] = {}
    hashes, shapes = hashes_of(theirs), _shapes(theirs)
    for form in _forms(ours):
        own, own_shapes = hashes_of(form), _shapes(form)
        for start in range(0, len(own), BLOCK):
            block = own[start : start + BLOCK, None, :] ^ hashes[None]
            differing = np.bitwise_count(block).sum(axis=2, dtype=np.int64)
            for row, other in np.argwhere(differing <= LIMIT):
                at = (start + int(row), int(other))
                if own_shapes[at[0]] @ shapes[at[1]] >= CORRELATION:
                    bits = int(differing[row, other])
                    best[at] = min(bits, best.get(at, bits))
    return ((a, b, bits) for (a, b), bits in sorted(best.items()))


def _grids(records: Sequence[Record], images: Path, log: Log) -> tuple[dict[str, Float32], int]:
    found: dict[str, Float32] = {}
    for number, record in enumerate(records, 1):
        try:
            data = find_image(images, record.image_id).read_bytes()
            found[record.image_id] = grid_of(decode(data, WORKING).pixels)
        except DataError as error:
            log(f"{record.image_id}: {error}; not compared")
        except (UnreadableImage, OSError, MemoryError) as error:
            log(f"{record.image_id}: {why(error)}; not compared")
        if number % 2500 == 0:
            log(f"leakage: {number} of {len(records)} pictures")
    return found, len(records) - len(found)


def _between(a: Sequence[Record], b: Sequence[Record], grids: dict[str, Float32]) -> dict[str, Any]:
    if len(a) > len(b):
        a, b = b, a  # the fewer ones are turned and mirrored
    ours = [r.image_id for r in a if r.image_id in grids]
    theirs = [r.image_id for r in b if r.image_id in grids]
    same: list[tuple[str, str, int]] = []
    if ours and theirs:
        found = duplicates(np.array([grids[i] for i in ours]), np.array([grids[i] for i in theirs]))
        same = [(ours[x], theirs[y], bits) for x, y, bits in found]
    return {
        "lesions": len(_named(a, "lesion_id") & _named(b, "lesion_id")),
        "patients": len(_named(a, "patient_id") & _named(b, "patient_id")),
        "duplicates": len(same),
        "examples": sorted(same, key=lambda pair: pair[2])[:EXAMPLES],
    }


def _named(records: Sequence[Record], field: str) -> set[tuple[str, str]]:
    # A patch of bare skin was cut from a lesion's picture and bears that lesion's name.
    return {(r.source.removesuffix(_PATCH), getattr(r, field)) for r in records if getattr(r, field)}


def _shapes(grids: Float32) -> Float32:
    """Each grid as a vector without its mean, of length 1, so that a product is a correlation."""
    flat = grids.reshape(len(grids), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-6), dtype=np.float32)


def _forms(grids: Float32) -> Iterator[Float32]:
    for mirrored in (grids, grids[:, :, ::-1]):
        for turns in range(4):
            yield np.ascontiguousarray(np.rot90(mirrored, turns, axes=(1, 2)))
