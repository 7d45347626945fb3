"""Raw readings of many pictures at once: what limits and thresholds are set and measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from vision.images import Decoded, decode, one_resolution
from vision.ood import FeatureSpace
from vision.predict import Predictor
from vision.quality import brightness, sharpness

Float64 = npt.NDArray[np.float64]
Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, eq=False)
class Samples:
    """Rows of pictures: logits (n, classes), pooled (n, channels), texture, sharpness and brightness (n,)."""

    logits: Float64
    pooled: npt.NDArray[np.float32]
    texture: npt.NDArray[np.float32]
    sharpness: Float64
    brightness: Float64

    def far(self, space: FeatureSpace) -> Float64:
        """Distance of each row to the training lesions."""
        return space.distances(self.texture)


def read_all(
    predictor: Predictor,
    pictures: Iterable[bytes],
    *,
    change: Change | None = None,
    views: tuple[str, ...] | None = None,
) -> Samples:
    """Read pictures as ``predict`` would, each changed first at the working resolution if asked."""
    resolution = predictor.config.resolution
    logits, pooled, textures, sharp, bright = [], [], [], [], []
    for data in pictures:
        decoded = decode(data, resolution)
        if change is not None:
            decoded = Decoded(change(one_resolution(decoded.pixels, resolution)), decoded.size)
        picture = one_resolution(decoded.pixels, resolution)
        reading = predictor.read(predictor.prepare(Decoded(picture, decoded.size), views))
        logits.append(reading.logits)
        pooled.append(reading.pooled)
        textures.append(reading.texture)
        sharp.append(sharpness(picture))
        bright.append(brightness(picture))
    return Samples(
        np.array(logits, dtype=np.float64),
        np.array(pooled),
        np.array(textures),
        np.array(sharp),
        np.array(bright),
    )


def blurred(sigma: float) -> Change:
    """Out of focus: Gaussian blur of ``sigma`` pixels at the working resolution."""
    return lambda picture: picture.filter(ImageFilter.GaussianBlur(sigma))


def exposed(factor: float) -> Change:
    """Under- or over-exposed: values times ``factor``, clipped."""
    return lambda picture: picture.point(lambda value: min(255.0, value * factor))


def reduced(short_side: int) -> Change:
    """Sent at a smaller size: shrunk to ``short_side`` pixels and brought back."""

    def change(picture: Image.Image) -> Image.Image:
        factor = short_side / min(picture.size)
        small = picture.resize(
            (max(1, round(picture.width * factor)), max(1, round(picture.height * factor))),
            Image.Resampling.BILINEAR,
        )
        return small.resize(picture.size, Image.Resampling.BILINEAR)

    return change


def share(flags: Sequence[bool] | npt.NDArray[np.bool_]) -> float:
    """Share that is true, rounded for a report."""
    return round(float(np.mean(flags)), 4)
