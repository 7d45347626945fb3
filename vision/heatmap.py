"""Where the network looked: exact class activation maps on the original photo (Zhou et al. 2016)."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vision.views import Float32, View

GRID = 56
"""Cells along the longer side of a heatmap: finer than the network's own grid, coarse beside a photo."""
LONGEST_OVERLAY = 640
_SCALE = np.linspace(0.0, 1.0, 256)
_COLOURS = (
    np.stack([np.full(256, 255.0), 225.0 * (1.0 - _SCALE), np.full(256, 30.0)], axis=1)
    .astype(np.uint8)
    .tobytes()
)
_OPACITY = (165.0 * _SCALE).astype(np.uint8).tobytes()


def class_map(features: Float32, weights: Float32) -> Float32:
    """features (channels, rows, columns) · weights (channels,) → (rows, columns).

    Its mean plus the head's bias is the class's logit, exactly, because the head is linear on the mean.
    """
    return np.tensordot(weights, features, axes=(0, 0)).astype(np.float32)


def activity(features: Float32) -> Float32:
    """features (channels, rows, columns) → (rows, columns): how much the network sees, whatever it takes it for.

    The length of the feature vector above that of the median cell, which is skin.
    """
    length = np.sqrt((features.astype(np.float32) ** 2).sum(axis=0))
    return np.asarray(np.maximum(length - np.median(length), 0.0), dtype=np.float32)


def off_centre(heatmap: Float32) -> float:
    """How far the centre of a map lies from the middle of the photo, 0 … 1 (at an edge); 0 of an empty map."""
    total = float(heatmap.sum())
    if total <= 0:
        return 0.0
    rows, columns = heatmap.shape
    x = float((heatmap.sum(axis=0) * (np.arange(columns) + 0.5)).sum()) / total / columns
    y = float((heatmap.sum(axis=1) * (np.arange(rows) + 0.5)).sum()) / total / rows
    return 2.0 * float(max(abs(x - 0.5), abs(y - 0.5)))


def on_photo(maps: list[Float32], views: list[View], size: tuple[int, int]) -> Float32:
    """Lay the views' maps onto the photo. size: (width, height) of the upright original.

    Returns float32 (h, w) in 0..1 over the whole photo, the longer side GRID cells; what speaks against the
    class and what no view saw is 0, the strongest evidence 1.
    """
    width, height = size
    scale = GRID / max(width, height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    total = np.zeros((rows, columns), dtype=np.float32)
    for values, view in zip(maps, views, strict=True):
        left, top = round(view.box[0] * columns), round(view.box[1] * rows)
        right, bottom = max(left + 1, round(view.box[2] * columns)), max(top + 1, round(view.box[3] * rows))
        patch = Image.fromarray(np.ascontiguousarray(view.upright(values), dtype=np.float32)).resize(
            (right - left, bottom - top), Image.Resampling.BICUBIC
        )
        total[top:bottom, left:right] += np.asarray(patch, dtype=np.float32)[: rows - top, : columns - left]
    total = np.maximum(total, 0.0)
    peak = float(total.max())
    return np.asarray(total / peak if peak > 0 else total, dtype=np.float32)


def laid_over(photo: Image.Image, heatmap: Float32) -> Image.Image:
    """The upright photo, at most LONGEST_OVERLAY pixels long, with the overlay on it."""
    overlay = Image.open(io.BytesIO(overlay_png(heatmap, photo.size))).convert("RGBA")
    ground = photo.convert("RGBA").resize(overlay.size, Image.Resampling.BILINEAR)
    return Image.alpha_composite(ground, overlay).convert("RGB")


def overlay_png(heatmap: Float32, original_size: tuple[int, int]) -> bytes:
    """A PNG to lay over the photo, in its proportions, at most LONGEST_OVERLAY pixels long.

    Warm and opaque where the evidence is, clear where there is none. 256 steps of one scale, kept as a palette: with
    four channels it would take ten times as long to pack.
    """
    width, height = original_size
    factor = min(1.0, LONGEST_OVERLAY / max(width, height))
    target = (max(1, round(width * factor)), max(1, round(height * factor)))
    smooth = np.asarray(Image.fromarray(heatmap).resize(target, Image.Resampling.BICUBIC)).clip(0.0, 1.0)
    overlay = Image.fromarray((smooth * 255.0).round().astype(np.uint8), "L")
    overlay.putpalette(_COLOURS, "RGB")
    buffer = io.BytesIO()
    overlay.save(buffer, "PNG", transparency=_OPACITY, compress_level=1)
    return buffer.getvalue()
