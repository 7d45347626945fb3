"""What a photo must be like to be read, set on training and validation pictures: feature space, limits, smallest size.

Which pictures serve what: see ``vision.fit``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.data import CLINICAL, Record, find_image
from vision.foreign import CHOSEN, CUT_OUTS, cut_outs, ordinary_halves, rendering
from vision.ood import FeatureSpace, fit_distance, fit_probe
from vision.predict import Predictor
from vision.samples import read_all, reduced
from vision.validation import Validation

WRONGLY_REFUSED = 0.005
"""Share of good validation photos that a single limit may refuse."""
DARKER_SKIN = 0.5
"""Dark skin reflects about half the light of the skin in the data: how far below it a photo may be."""
SPACE_PICTURES = 1000
PARTS = 3
"""Of each patch of bare skin, for the probe for it."""
RENDERINGS = 60
"""Of each kind, for the probe for pictures that show no skin."""
STRANGER_STRENGTH = 0.1
KIND_STRENGTH = 0.1
FOREIGN_AT_LEAST = 0.5
"""Log-odds below which nothing is refused as foreign: up to 1 that costs no ordinary photo (EXPERIMENTS.md)."""
FAR_SLACK = 1.25
"""Lesions from cameras that nothing was trained on stand farther than validation pictures can tell."""
CAST_SLACK = 0.3
"""Octaves that a colour may lie beyond those of validation pictures: darker skin is warmer than theirs."""
FRAMING_SLACK = 1.1
FLIPS_ALLOWED = 0.15
SIZES = (150, 120, 100)
"""Tried as the smallest size. Not less, whatever the network still reads: a doctor is to look at the photo, too."""


def bytes_of(images: Path, records: Sequence[Record]) -> Iterator[bytes]:
    """The files of some pictures, in order."""
    return (find_image(images, r.image_id).read_bytes() for r in records)


def pictures_without_skin(folder: Path) -> Iterator[bytes]:
    """What the probe learns from: the first half of the ordinary photos in ``folder``, cut-outs, renderings."""
    rng = np.random.default_rng(0)
    for path in ordinary_halves(folder)[0]:
        yield path.read_bytes()
        yield from cut_outs(path, CUT_OUTS, rng)
    for kind in CHOSEN:
        for _ in range(RENDERINGS):
            yield rendering(kind, rng)


def bare_skin(images: Path, patches: Sequence[Record], rng: np.random.Generator) -> Iterator[bytes]:
    """Patches of skin without a lesion, and parts of each: a phone held closer shows less of it, and larger pores."""
    for patch in patches:
        path = find_image(images, patch.image_id)
        yield path.read_bytes()
        yield from cut_outs(path, PARTS, rng)


def feature_space(
    predictor: Predictor, images: Path, train: list[Record], bare: list[bytes], without_skin: list[bytes]
) -> FeatureSpace:
    """The distance and the probes of ``ood``: from training lesions, bare skin and pictures without skin."""
    rng = np.random.default_rng(0)
    counts = Counter(r.domain for r in train)
    weight = np.array([1.0 / counts[r.domain] for r in train])
    picked = rng.choice(len(train), min(SPACE_PICTURES, len(train)), replace=False, p=weight / weight.sum())
    lesions = [train[i] for i in picked]
    samples = read_all(predictor, bytes_of(images, lesions))
    centre, whitening = fit_distance(samples.texture)
    probe, offset = fit_probe(samples.pooled, read_all(predictor, bare).pooled)
    stranger, stranger_offset = fit_probe(
        samples.texture, read_all(predictor, without_skin).texture, strength=STRANGER_STRENGTH
    )
    photo = np.array([r.domain in CLINICAL for r in lesions])
    kind, kind_offset = np.zeros_like(centre), 0.0
    if photo.any() and not photo.all():
        kind, kind_offset = fit_probe(samples.texture[~photo], samples.texture[photo], strength=KIND_STRENGTH)
    return FeatureSpace(centre, whitening, probe, offset, stranger, stranger_offset, kind, kind_offset)


def fit_limits(validation: Validation, space: FeatureSpace, config: dict[str, Any]) -> None:
    """Limits that refuse at most WRONGLY_REFUSED of clinical and of dermoscopic validation pictures each.

    Exposure keeps a distance from them: the photos at hand show light skin, and dark skin, well lit, must pass; so do colours.
    """
    samples = validation.samples
    kinds = [validation.domain(*CLINICAL), ~validation.domain(*CLINICAL)]

    def low(values: npt.NDArray[np.float64]) -> float:
        return round(min(float(np.quantile(values[k], WRONGLY_REFUSED)) for k in kinds), 4)

    def high(values: npt.NDArray[np.float64]) -> float:
        return round(max(float(np.quantile(values[k], 1.0 - WRONGLY_REFUSED)) for k in kinds), 4)

    config["quality"].update(
        sharpness=low(samples.sharpness),
        darkest=round(low(samples.brightness) * DARKER_SKIN, 1),
        brightest=round((high(samples.brightness) + 255.0) / 2.0, 1),
        far=round(high(samples.far(space)) * FAR_SLACK, 4),
        plain=high(space.plainness(samples.pooled)),
        foreign=max(high(space.foreignness(samples.texture)), FOREIGN_AT_LEAST),
        coldest=round(low(samples.warmth) - CAST_SLACK, 4),
        warmest=round(high(samples.warmth) + CAST_SLACK, 4),
        purplest=round(low(samples.tint) - CAST_SLACK, 4),
        greenest=round(high(samples.tint) + CAST_SLACK, 4),
        # Of clinical photos only: a dermoscope frames by itself, and the check leaves it alone.
        off_centre=round(
            float(np.quantile(samples.off_centre[kinds[0]], 1.0 - WRONGLY_REFUSED)) * FRAMING_SLACK, 4
        ),
    )


def fit_size(predictor: Predictor, validation: Validation, images: Path, config: dict[str, Any]) -> None:
    """The smallest size at which few decisions on clinical validation photos differ from the full size's."""
    rows = np.flatnonzero(validation.domain(*CLINICAL))[::4]
    records = [validation.records[i] for i in rows]
    before = validation.samples.logits[rows].argmax(axis=1)
    good = SIZES[0]
    for size in SIZES[1:]:
        after = read_all(predictor, bytes_of(images, records), change=reduced(size)).logits.argmax(axis=1)
        if (after != before).mean() > FLIPS_ALLOWED:
            break
        good = size
    config["quality"]["size"] = good
