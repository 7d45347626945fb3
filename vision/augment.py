"""What a phone in a hurried hand does to a picture, done on purpose to the training pictures."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageFilter

from vision.images import UInt8

Rng = np.random.Generator
COARSEST = 130
"""Shorter side in pixels: a little less than that of HAM10000's small frames."""


def augment(pixels: UInt8, size: int, rng: Rng, coarse: float = 0.0) -> UInt8:
    """One random view. pixels: uint8 (h, w, 3) at the working resolution; returns uint8 (size, size, 3).

    coarse: probability that it comes through a smaller resolution first, as small as that of the smallest source.
    """
    if coarse and rng.random() < coarse:
        pixels = _coarser(pixels, rng)
    image = _framed(pixels, size, rng)
    if rng.random() < 0.25:
        image = _blurred(image, rng)
    values = _lit(np.asarray(image, dtype=np.float32), rng)
    if rng.random() < 0.15:
        values += rng.normal(0.0, rng.uniform(2.0, 10.0), values.shape).astype(np.float32)
    result = values.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        result = _compressed(result, int(rng.integers(25, 80)))
    if rng.random() < 0.1:
        _erase(result, rng)
    return result


def _coarser(pixels: UInt8, rng: Rng) -> UInt8:
    height, width = pixels.shape[:2]
    factor = rng.uniform(min(COARSEST, height, width), min(height, width)) / min(height, width)
    target = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.BILINEAR), dtype=np.uint8)


def centre(pixels: UInt8, size: int) -> UInt8:
    """The plain view: the centre square, brought to (size, size, 3)."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR), dtype=np.uint8)


def _framed(pixels: UInt8, size: int, rng: Rng) -> Image.Image:
    """Turn, mirror, move, stretch and zoom in one interpolation; what lies outside mirrors the edge."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    pad = side // 2
    image = Image.fromarray(np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="reflect"))
    angle = rng.uniform(0.0, 2.0 * math.pi)
    zoom = math.exp(rng.uniform(math.log(0.55), math.log(1.25)))  # share of the shorter side in view
    stretch = math.exp(rng.uniform(-0.16, 0.16))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    slack_x = max(0.0, (width - side * zoom) / 2) + 0.04 * side
    slack_y = max(0.0, (height - side * zoom) / 2) + 0.04 * side
    # Lesions sit near the middle: keep the centre of the view inside the middle half of the freedom.
    centre_x = pad + width / 2 + rng.uniform(-0.55, 0.55) * slack_x
    centre_y = pad + height / 2 + rng.uniform(-0.55, 0.55) * slack_y
    scale_x = side * zoom * stretch / size * mirror
    scale_y = side * zoom / stretch / size
    cos, sin = math.cos(angle), math.sin(angle)
    a, b = cos * scale_x, -sin * scale_y
    d, e = sin * scale_x, cos * scale_y
    middle = size / 2
    matrix = (a, b, centre_x - (a + b) * middle, d, e, centre_y - (d + e) * middle)
    return image.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _blurred(image: Image.Image, rng: Rng) -> Image.Image:
    if rng.random() < 0.5:
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.8)))
    low = max(16, int(image.size[0] * rng.uniform(0.35, 0.8)))
    small = image.resize((low, low), Image.Resampling.BILINEAR)
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _lit(values: np.ndarray, rng: Rng) -> np.ndarray:
    """Exposure, contrast, saturation, colour cast, gamma and, at times, a vignette."""
    values = values * rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, size=3).astype(np.float32)
    mean = values.mean()
    values = mean + (values - mean) * rng.uniform(0.75, 1.3)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * rng.uniform(0.6, 1.35)
    if rng.random() < 0.3:
        values = 255.0 * (values.clip(0, 255) / 255.0) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.15:
        axis = np.linspace(-1.0, 1.0, values.shape[0], dtype=np.float32)
        x0, y0 = rng.uniform(-0.3, 0.3, size=2)
        radius = (axis[None, :] - x0) ** 2 + (axis[:, None] - y0) ** 2
        values = values * (1.0 - rng.uniform(0.1, 0.45) * radius.clip(0, 1.6))[:, :, None]
    return np.asarray(values, dtype=np.float32)


def _compressed(pixels: UInt8, quality: int) -> UInt8:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer), dtype=np.uint8)


def _erase(pixels: UInt8, rng: Rng) -> None:
    """Cover a patch with one colour (stickers, rulers, reflections). Works in place."""
    size = pixels.shape[0]
    height, width = (int(v) for v in rng.uniform(0.08, 0.3, size=2) * size)
    top, left = int(rng.integers(0, size - height)), int(rng.integers(0, size - width))
    pixels[top : top + height, left : left + width] = rng.integers(0, 256, size=3)
