"""Which parts of a photo the network sees, and where its map of them lies on the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from vision.images import one_resolution

Float32 = npt.NDArray[np.float32]
TURNS = {"": None, "mirrored": Image.Transpose.FLIP_LEFT_RIGHT, "turned": Image.Transpose.ROTATE_180}
"""How a view may be turned before the network sees it; each is undone by itself."""
LONGEST = 1.6
"""A frame longer than this times its shorter side is cut to it around the middle."""
SMALL = 5 / 6
"""How large a ``small`` view is beside the others."""
STRIDE = 32
MEAN, STD = 127.0, 128.0
"""What networks see is (value − MEAN) / STD of the pixels' 0..255; a published model keeps its own in config.json."""


@dataclass(frozen=True)
class View:
    """One input of the network.

    values: float32 (1, 3, h, w); box: left, top, right, bottom as shares of the photo; turn: one of ``TURNS``.
    """

    values: Float32
    box: tuple[float, float, float, float]
    turn: str

    def upright(self, grid: Float32) -> Float32:
        """A map of what the network saw (rows, columns), as it lies on the photo."""
        if self.turn == "mirrored":
            return grid[:, ::-1]
        return grid[::-1, ::-1] if self.turn == "turned" else grid


def make_views(
    picture: Image.Image,
    names: tuple[str, ...],
    *,
    resolution: int,
    size: int,
    mean: float = MEAN,
    std: float = STD,
) -> list[View]:
    """The named views of an upright picture, all through the one working resolution.

    ``centre`` is the middle square, ``frame`` the whole picture with its proportions (to the stride), ``small`` the
    same at SMALL of the size: the lesion appears smaller, and the network, which errs otherwise then, is quicker;
    ``-mirrored`` turns it left to right, ``-turned`` upside down (by 180°: the frame stays the same).
    """
    picture = one_resolution(picture, resolution)
    return [_view(picture, name, size, mean, std) for name in names]


def _view(picture: Image.Image, name: str, size: int, mean: float, std: float) -> View:
    kind, _, turn = name.partition("-")
    if kind not in {"centre", "frame", "small"} or turn not in TURNS:
        raise ValueError(f"unknown view {name!r}")
    size = round(size * SMALL) if kind == "small" else size
    width, height = picture.size
    side = min(width, height)
    longest = side if kind == "centre" else side * LONGEST
    seen_w, seen_h = min(width, longest), min(height, longest)
    left, top = (width - seen_w) / 2, (height - seen_h) / 2
    target = (_strided(seen_w / side * size), _strided(seen_h / side * size))
    # Whole pixels at the edges, as the training views are cut.
    box = (int(left), int(top), int(left) + round(seen_w), int(top) + round(seen_h))
    seen = picture.resize(target, Image.Resampling.BILINEAR, box=box)
    if (how := TURNS[turn]) is not None:
        seen = seen.transpose(how)
    values = (np.asarray(seen, dtype=np.float32) - np.float32(mean)) / np.float32(std)
    shares = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
    return View(np.ascontiguousarray(values.transpose(2, 0, 1)[None]), shares, turn)


def _strided(length: float) -> int:
    return max(STRIDE, round(length / STRIDE) * STRIDE)
