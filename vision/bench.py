"""How long a photo takes from bytes to prediction, beside the plain way and the least that this core could need."""

from __future__ import annotations

import io
import time

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from vision.predict import Predictor
from vision.registry import Model, load_model


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


def bench(model: str | None, *, rounds: int, photo: bytes | None = None) -> str:
    """Median and 95th percentile by stage in milliseconds, one thread, as Markdown tables.

    photo: a drawn one of twelve megapixels unless one is given. The plain way needs torch; without it that part is
    left out, and said to be.
    """
    predictor, photo = Predictor.load(model), photo or phone_photo()
    predictor.predict(photo)
    runs = [predictor.predict(photo).milliseconds for _ in range(rounds)]
    width, height = Image.open(io.BytesIO(photo)).size
    lines = [f"{len(photo) / 1e6:.1f} MB, {width} × {height}, one thread, {rounds} rounds, milliseconds", ""]
    lines += _table("as served", runs)
    try:
        lines += _beside_plain(load_model(model), photo, runs, rounds)
    except ModuleNotFoundError as error:
        lines.append(
            f"\nThe plain way was left out: package {error.name} is missing (requirements/train.txt)."
        )
    return "\n".join(lines) + "\n"


def _table(title: str, runs: list[dict[str, float]]) -> list[str]:
    lines = [f"| {title} | median | 95 % |", "|---|---|---|"]
    for stage in runs[0]:
        values = [r[stage] for r in runs]
        lines.append(f"| {stage} | {np.median(values):.1f} | {np.percentile(values, 95):.1f} |")
    return lines


def _beside_plain(model: Model, photo: bytes, served: list[dict[str, float]], rounds: int) -> list[str]:
    import torch

    from vision import plain

    torch.set_num_threads(1)
    nets = plain.networks(model)
    plain.read(nets, photo, model.config)
    runs = [plain.read(nets, photo, model.config)[1] for _ in range(rounds)]
    ratio = np.median([r["total"] for r in runs]) / np.median([r["total"] for r in served])
    million = plain.multiplications(nets, model.config, photo) / 1e6
    speed = _sgemm()
    return [
        "",
        *_table("the plain way: Pillow decodes all, torch eager, same networks and views", runs),
        "",
        f"The plain way takes {ratio:.1f} times as long, and makes no heatmap, prediction set or quality check.",
        f"The networks need {million:.0f} million multiplications with additions. In a product of matrices (sgemm) this",
        f"core does {speed:.0f} thousand million a second: no less than {million / speed:.1f} ms in 32-bit floats.",
    ]


def _sgemm() -> float:
    """Thousand million multiplications with additions a second: the best of ten products of 1024 × 1024, one thread."""
    square = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)
    times = []
    with threadpool_limits(1):
        for _ in range(10):
            start = time.perf_counter()
            square @ square
            times.append(time.perf_counter() - start)
    return 1024**3 / min(times) / 1e9
