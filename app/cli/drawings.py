"""Lesions drawn by our own code, for demonstrations where no photo may be shown. Labelled as drawings wherever seen."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

SIDE = 720
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """How one kind of spot is drawn: colours (RGB 0..255), size (share of the side), raggedness, roughness 0..1."""

    colour: tuple[int, int, int]
    second: tuple[int, int, int]
    radius: float
    ragged: float
    rough: float
    soft: float


LOOKS: dict[str, Look] = {
    "nv": Look((112, 72, 48), (92, 58, 40), 0.13, 0.05, 0.10, 5),
    "mel": Look((62, 42, 38), (24, 20, 26), 0.19, 0.22, 0.25, 3),
    "bcc": Look((206, 128, 120), (150, 84, 86), 0.14, 0.10, 0.15, 7),
    "akiec": Look((198, 128, 110), (226, 196, 176), 0.18, 0.20, 0.55, 12),
    "bkl": Look((134, 96, 66), (104, 74, 52), 0.18, 0.12, 0.50, 3),
    "df": Look((150, 96, 78), (118, 74, 62), 0.11, 0.06, 0.12, 12),
    "vasc": Look((158, 34, 52), (112, 18, 44), 0.11, 0.10, 0.15, 4),
}
SKINS = ((226, 190, 166), (214, 174, 146), (200, 156, 126))


def _clouds(random: np.random.Generator, cells: int) -> FloatArray:
    """Return smooth noise, (SIDE, SIDE), mean 0 and standard deviation about 1; `cells`: how fine it is."""
    coarse = Image.fromarray(random.normal(size=(cells, cells)).astype(np.float32))
    fine = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float64)
    return np.asarray((fine - fine.mean()) / (fine.std() + 1e-9), dtype=np.float64)


def _skin(random: np.random.Generator) -> FloatArray:
    tone = np.array(SKINS[int(random.integers(len(SKINS)))], dtype=np.float64)
    light = 1 + 0.035 * _clouds(random, 4) + 0.02 * _clouds(random, 24) + 0.012 * _clouds(random, 180)
    redness = np.stack([4 * _clouds(random, 10), -2 * _clouds(random, 12), -2 * _clouds(random, 12)], axis=-1)
    return np.asarray(tone * light[..., None] + redness, dtype=np.float64)


def _shape(random: np.random.Generator, look: Look) -> FloatArray:
    """Return how much of each pixel is lesion, (SIDE, SIDE) in 0..1: a circle with wavy edges."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5 - random.uniform(-0.05, 0.05, size=(2, 1, 1))
    angle, stretch = np.arctan2(y, x), random.uniform(0.8, 1.25)
    radius = np.full_like(angle, look.radius)
    for wave in range(2, 9):
        swing = random.normal() * look.ragged * look.radius / wave**0.7
        radius += swing * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    inside = (np.hypot(x * stretch, y / stretch) < radius).astype(np.uint8) * 255
    soft = Image.fromarray(inside).filter(ImageFilter.GaussianBlur(look.soft))
    return np.asarray(soft, dtype=np.float64) / 255


def _hairs(random: np.random.Generator, picture: FloatArray) -> None:
    for _ in range(int(random.integers(0, 4))):
        start, slope = random.uniform(0, SIDE, 2), random.uniform(-0.4, 0.4)
        t = np.arange(0, 260)
        x = (start[0] + t).astype(int) % SIDE
        y = (start[1] + slope * t + 12 * np.sin(t / 60)).astype(int) % SIDE
        picture[y, x] *= 0.62


def lesion(kind: str, seed: int) -> bytes:
    """Return a JPEG (720 × 720) of skin with a spot as it might look for a class key; the same for the same seed."""
    random, look = np.random.default_rng(seed), LOOKS[kind]
    picture, share = _skin(random), _shape(random, look)
    mix = 1 / (1 + np.exp(-2.2 * _clouds(random, 7)))
    colour = mix[..., None] * np.array(look.second) + (1 - mix[..., None]) * np.array(look.colour)
    grain = 0.6 * _clouds(random, 16) + 0.35 * _clouds(random, 38) + 0.15 * _clouds(random, 90)
    colour = colour * (1 + 0.2 * look.rough * grain)[..., None]
    picture = picture * (1 - 0.92 * share[..., None]) + colour * 0.92 * share[..., None]
    _hairs(random, picture)
    drawn = Image.fromarray(np.clip(picture + random.normal(0, 2.5, picture.shape), 0, 255).astype(np.uint8))
    out = io.BytesIO()
    drawn.filter(ImageFilter.GaussianBlur(0.7)).save(out, "JPEG", quality=90)
    return out.getvalue()
