"""Pictures drawn by ourselves, and the shipped model, loaded once."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from vision.data import data_dir
from vision.predict import Predictor

pillow_heif.register_heif_opener()  # so that drawings can be saved as HEIC too

Draw = Callable[..., Image.Image]


@pytest.fixture(autouse=True)
def numbers_of_any_size() -> Iterator[None]:
    """Training makes the processor count tiny numbers as nought; whatever this process tests next needs them."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


def lesion_picture(
    width: int = 400,
    height: int = 300,
    *,
    at: tuple[float, float] = (0.5, 0.5),
    radius: float = 0.18,
    seed: int = 1,
) -> Image.Image:
    """Skin with an uneven brown spot. at: its centre as shares of the sides; radius: share of the shorter side."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    dx, dy = x - at[0] * width, y - at[1] * height
    edge = radius * min(width, height) * (1 + 0.15 * np.sin(3 * np.arctan2(dy, dx)))
    inside = 1 / (1 + np.exp((np.hypot(dx, dy) - edge) / 2.0))
    coarse = rng.normal(0, 1, (height // 8 + 1, width // 8 + 1))
    grain = np.kron(coarse, np.ones((8, 8)))[:height, :width] * 4 + rng.normal(0, 4, (height, width))
    skin, spot = np.array([205.0, 160.0, 140.0]), np.array([90.0, 55.0, 45.0])
    pixels = skin + inside[:, :, None] * (spot - skin) + grain[:, :, None] * (1 + 2 * inside[:, :, None])
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a lesion."""
    return lesion_picture


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Make a file of a picture."""
    return encoded


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    """The model that ships as default."""
    return Predictor.load()


@pytest.fixture(scope="session")
def skin_data() -> Path:
    """Folder of the shared skin pictures."""
    folder = data_dir() / "skin"
    if not (folder / "labels.csv").is_file():
        pytest.skip(f"shared skin pictures are not at {folder} (set SALPIM_DATA)")
    return folder
