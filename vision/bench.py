"""How long a photo takes from bytes to prediction."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vision.predict import Predictor


def phone_photo(width: int = 4000, height: int = 3000) -> bytes:
    """A twelve-megapixel JPEG of a drawn lesion with the grain of a real photo."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    inside = ((x - width / 2) ** 2 + (y - height / 2) ** 2) < (height / 5) ** 2
    skin, spot = np.array([212.0, 168.0, 146.0]), np.array([92.0, 58.0, 46.0])
    pixels = np.where(inside[:, :, None], spot, skin) + rng.normal(0, 8, (height, width, 1))
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def bench(model: str | None, *, rounds: int) -> str:
    """Median and 95th percentile by stage in milliseconds, one thread, as a Markdown table."""
    predictor, photo = Predictor.load(model), phone_photo()
    predictor.predict(photo)
    runs = [predictor.predict(photo).milliseconds for _ in range(rounds)]
    lines = [f"{len(photo) / 1e6:.1f} MB JPEG of 4000 × 3000, one thread, {rounds} rounds, milliseconds", ""]
    lines += ["| stage | median | 95 % |", "|---|---|---|"]
    for stage in runs[0]:
        values = [r[stage] for r in runs]
        lines.append(f"| {stage} | {np.median(values):.1f} | {np.percentile(values, 95):.1f} |")
    return "\n".join(lines) + "\n"
