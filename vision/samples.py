"""Raw readings of many pictures at once: what limits and thresholds are set and measured on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from vision.images import Decoded, decode, one_resolution
from vision.ood import FeatureSpace
from vision.predict import Predictor, Reading
from vision.quality import MEASURED_AT, brightness, cast, sharpness

Float64 = npt.NDArray[np.float64]
Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, eq=False)
class Samples:
    """Rows of pictures: logits (n, classes), pooled (n, channels), texture, and (n,): sharpness, brightness,
    warmth and tint of the picture, off_centre: where the network sees anything (also of dermoscopy)."""

    logits: Float64
    pooled: npt.NDArray[np.float32]
    texture: npt.NDArray[np.float32]
    sharpness: Float64
    brightness: Float64
    warmth: Float64
    tint: Float64
    off_centre: Float64

    def far(self, space: FeatureSpace) -> Float64:
        """Distance of each row to the training lesions."""
        return space.distances(self.texture)


def read_views(
    predictor: Predictor, pictures: Iterable[bytes], names: Sequence[str], *, change: Change | None = None
) -> dict[str, Samples]:
    """Read pictures as ``predict`` would, each view apart.

    Each picture is changed first, at the working resolution, if asked.
    """
    resolution = predictor.config.resolution
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    places: dict[str, list[float]] = {name: [] for name in names}
    light = []
    for data in pictures:
        decoded = decode(data, resolution)
        picture = one_resolution(decoded.pixels, resolution)
        if change is not None:
            picture = change(picture)
        for name in names:
            views = predictor.prepare(Decoded(picture, decoded.size), (name,))
            reading = predictor.read(views)
            places[name].append(predictor.off_centre(reading, views, decoded.size))
            readings[name].append(replace(reading, features=[]))
        # As the checks see it: straight from the file, unless it was changed.
        seen = one_resolution(decoded.pixels if change is None else picture, MEASURED_AT)
        light.append((sharpness(seen), brightness(seen), *cast(seen)))
    sharp, bright, warmth, tint = np.array(light).T
    return {
        name: Samples(
            np.array([r.logits for r in found], dtype=np.float64),
            np.array([r.pooled for r in found]),
            np.array([r.texture for r in found]),
            sharp,
            bright,
            warmth,
            tint,
            np.array(places[name]),
        )
        for name, found in readings.items()
    }


def merged(parts: Sequence[Samples]) -> Samples:
    """What the network says when these views are averaged."""
    return Samples(
        np.mean([p.logits for p in parts], axis=0),
        np.mean([p.pooled for p in parts], axis=0),
        np.mean([p.texture for p in parts], axis=0),
        parts[0].sharpness,
        parts[0].brightness,
        parts[0].warmth,
        parts[0].tint,
        np.mean([p.off_centre for p in parts], axis=0),
    )


def read_all(predictor: Predictor, pictures: Iterable[bytes], *, change: Change | None = None) -> Samples:
    """Read pictures with the views of the model's config."""
    names = predictor.config.views
    found = read_views(predictor, pictures, names, change=change)
    return merged([found[name] for name in names])


def blurred(sigma: float) -> Change:
    """Out of focus: Gaussian blur of ``sigma`` pixels of a picture whose shorter side has MEASURED_AT of them."""
    return lambda picture: picture.filter(ImageFilter.GaussianBlur(sigma * min(picture.size) / MEASURED_AT))


def exposed(factor: float) -> Change:
    """Under- or over-exposed: values times ``factor``, clipped."""
    return lambda picture: picture.point(lambda value: min(255.0, value * factor))


def tinted(red: float, green: float, blue: float) -> Change:
    """In coloured light: each channel times its factor, clipped."""
    factors = np.array([red, green, blue])
    return lambda picture: Image.fromarray(
        (np.asarray(picture.convert("RGB")) * factors).clip(0, 255).astype(np.uint8)
    )


def aside(picture: Image.Image) -> Image.Image:
    """The lesion in a corner: the quarter of the photo that begins a little before its middle."""
    width, height = picture.size
    part = picture.crop((width // 2 - width // 8, height // 2 - height // 8, width, height))
    return part.resize(picture.size, Image.Resampling.BILINEAR)


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


def shrunk(short_side: int) -> Change:
    """Sent as a thumbnail and left at its size."""

    def change(picture: Image.Image) -> Image.Image:
        factor = short_side / min(picture.size)
        return picture.resize(
            (max(1, round(picture.width * factor)), max(1, round(picture.height * factor))),
            Image.Resampling.BILINEAR,
        )

    return change


def compressed(quality: int) -> Change:
    """Sent as a JPEG of this quality (1..95)."""

    def change(picture: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return change


def turned(degrees: float) -> Change:
    """The phone held askew, counter-clockwise; by quarter turns no pixel is made up."""

    def change(picture: Image.Image) -> Image.Image:
        if degrees % 90 == 0:
            return picture.rotate(degrees, expand=True)
        pad = max(picture.size) // 2
        wide = _mirrored_out(picture, pad, pad).rotate(degrees, Image.Resampling.BILINEAR)
        return wide.crop((pad, pad, pad + picture.width, pad + picture.height))

    return change


def zoomed_out(share: float) -> Change:
    """Taken from further away: the picture fills only this share of each side, more of its rim is around it."""

    def change(picture: Image.Image) -> Image.Image:
        width, height = round(picture.width * share), round(picture.height * share)
        small = picture.resize((width, height), Image.Resampling.BILINEAR)
        x, y = (picture.width - width + 1) // 2, (picture.height - height + 1) // 2
        # A thin rim again and again: mirrored whole, the picture would put parts of a second lesion into sight.
        wide = _mirrored_out(small, x, y, rim=max(2, min(width, height) // 10))
        return wide.crop((0, 0, picture.width, picture.height))

    return change


def _mirrored_out(picture: Image.Image, x: int, y: int, *, rim: int | None = None) -> Image.Image:
    """The picture with so many pixels more on each side, mirrored from its edge, at most ``rim`` deep."""
    pixels = np.asarray(picture)
    while x or y:
        step_x, step_y = (x, y) if rim is None else (min(x, rim), min(y, rim))
        pixels = np.pad(pixels, ((step_y, step_y), (step_x, step_x), (0, 0)), mode="symmetric")
        x, y = x - step_x, y - step_y
    return Image.fromarray(pixels)


def share(flags: Sequence[bool] | npt.NDArray[np.bool_]) -> float:
    """Share that is true, rounded for a report."""
    return round(float(np.mean(flags)), 4)
