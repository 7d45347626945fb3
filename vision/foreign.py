"""Pictures that show no skin, for choosing and for measuring what is refused: cut-outs of ordinary photos, renderings.

Renderings are made by our own code, so that nobody's papers or screens are needed. Their kinds are divided once:
those in ``CHOSEN`` help to set the probe of ``vision.ood``, those in ``REPORTED`` only measure it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Rng = np.random.Generator
SIZE = (640, 480)
CUT_OUTS = 12
"""How many cut-outs of an ordinary photo are learned from."""


def ordinary_halves(folder: Path) -> tuple[list[Path], list[Path]]:
    """The ordinary photos, in order of name, dealt to the half for choosing and the half for reporting."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return paths[0::2], paths[1::2]


def cut_outs(path: Path, count: int, rng: Rng) -> list[bytes]:
    """Random parts of a photo, some mirrored, each as JPEG."""
    with Image.open(path) as file:
        photo = file.convert("RGB")
    found = []
    for _ in range(count):
        share = rng.uniform(0.35, 1.0)
        width, height = max(8, int(photo.width * share)), max(8, int(photo.height * share))
        left = int(rng.integers(0, photo.width - width + 1))
        top = int(rng.integers(0, photo.height - height + 1))
        part = photo.crop((left, top, left + width, top + height))
        if rng.random() < 0.5:
            part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        found.append(_jpeg(part))
    return found


def rendering(kind: str, rng: Rng) -> bytes:
    """One rendering of a kind in ``CHOSEN`` or ``REPORTED``, as JPEG."""
    return _jpeg((CHOSEN | REPORTED)[kind](rng))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _colour(rng: Rng, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in rng.integers(low, high, 3))
    return red, green, blue


def _lines_of_words(draw: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int], ink: int) -> None:
    left, top, right, bottom = box
    height = int(rng.integers(5, 14))
    for y in range(top, bottom - height, int(height * rng.uniform(1.6, 2.4))):
        x = left
        while x < right - 10:
            width = int(rng.integers(8, 60))
            draw.rectangle((x, y, min(right, x + width), y + height), fill=(ink, ink, ink))
            x += width + height


def _page(rng: Rng) -> Image.Image:
    """A printed page, a little askew and unevenly lit."""
    paper = int(rng.integers(215, 256))
    image = Image.new("RGB", SIZE, (paper, paper, paper - int(rng.integers(0, 25))))
    _lines_of_words(ImageDraw.Draw(image), rng, (40, 30, 600, 450), int(rng.integers(10, 90)))
    image = image.rotate(rng.uniform(-8, 8), Image.Resampling.BILINEAR, fillcolor=(paper,) * 3)
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))


def _screen(rng: Rng) -> Image.Image:
    """An application: bars, tiles and rows in flat colours."""
    image = Image.new("RGB", SIZE, _colour(rng, 200) if rng.random() < 0.6 else _colour(rng, 10, 50))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], int(rng.integers(30, 80))), fill=_colour(rng))
    for _ in range(int(rng.integers(4, 14))):
        x, y = int(rng.integers(0, 560)), int(rng.integers(60, 430))
        box = (x, y, x + int(rng.integers(40, 260)), y + int(rng.integers(20, 160)))
        draw.rounded_rectangle(box, radius=int(rng.integers(0, 14)), fill=_colour(rng))
    _lines_of_words(draw, rng, (30, 300, 500, 460), int(rng.integers(0, 256)))
    return image


def _scribble(rng: Rng) -> Image.Image:
    """Strokes of a pen on paper."""
    image = Image.new("RGB", SIZE, _colour(rng, 225))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 12))):
        points = rng.uniform((0, 0), SIZE, (int(rng.integers(3, 9)), 2))
        draw.line(
            [(float(x), float(y)) for x, y in points],
            fill=_colour(rng, 0, 140),
            width=int(rng.integers(2, 9)),
        )
    return image


def _frame(rng: Rng) -> Image.Image:
    """Nothing: one tone from black to white, with the noise of a sensor."""
    tone = rng.choice([0.0, 8.0, 20.0, 128.0, 235.0, 250.0, 255.0])
    return _noisy(np.full((SIZE[1], SIZE[0], 3), tone), rng.uniform(0, 6), rng)


def _table(rng: Rng) -> Image.Image:
    """A ruled table with figures in it."""
    image = Image.new("RGB", SIZE, (250, 250, 247))
    draw = ImageDraw.Draw(image)
    columns, rows = int(rng.integers(3, 8)), int(rng.integers(5, 14))
    for i in range(columns + 1):
        draw.line((20 + i * 600 // columns, 20, 20 + i * 600 // columns, 460), fill=(60, 60, 60), width=2)
    for j in range(rows + 1):
        draw.line((20, 20 + j * 440 // rows, 620, 20 + j * 440 // rows), fill=(60, 60, 60), width=2)
    for i in range(columns):
        for j in range(rows):
            draw.text(
                (30 + i * 600 // columns, 26 + j * 440 // rows),
                str(rng.integers(0, 10**5)),
                fill=(20, 20, 20),
            )
    return image


def _chart(rng: Rng) -> Image.Image:
    """Bars and a curve on a grid."""
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for y in range(40, 460, 60):
        draw.line((40, y, 620, y), fill=(210, 210, 210))
    for x in range(60, 600, int(rng.integers(30, 90))):
        draw.rectangle((x, int(rng.integers(60, 400)), x + 24, 440), fill=_colour(rng))
    curve = [(40 + 58 * i, float(rng.uniform(60, 440))) for i in range(11)]
    draw.line(curve, fill=_colour(rng, 0, 150), width=4)
    return image


def _cartoon(rng: Rng) -> Image.Image:
    """A face of flat shapes with outlines."""
    image = Image.new("RGB", SIZE, _colour(rng, 120))
    draw = ImageDraw.Draw(image)
    x, y, size = int(rng.integers(180, 420)), int(rng.integers(180, 300)), int(rng.integers(90, 170))
    outline = (20, 20, 20)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=_colour(rng, 90), outline=outline, width=5)
    for side in (-1, 1):
        eye = x + side * size // 3
        draw.ellipse((eye - 14, y - 40, eye + 14, y - 8), fill=(255, 255, 255), outline=outline, width=3)
        draw.ellipse((eye - 5, y - 28, eye + 5, y - 18), fill=outline)
    draw.arc((x - size // 2, y - 20, x + size // 2, y + size // 2), 20, 160, fill=outline, width=6)
    return image


def _gradient(rng: Rng) -> Image.Image:
    """A sky or a wall: one colour running into another."""
    start, end = np.array(_colour(rng), float), np.array(_colour(rng), float)
    ramp = np.linspace(0.0, 1.0, SIZE[1])[:, None, None]
    return _noisy(np.repeat(start + (end - start) * ramp, SIZE[0], axis=1), rng.uniform(0, 4), rng)


def _noisy(values: np.ndarray, spread: float, rng: Rng) -> Image.Image:
    noise = rng.normal(0.0, 1.0, (*values.shape[:2], 1)) * spread
    return Image.fromarray((values + noise).clip(0, 255).astype(np.uint8))


Kinds = dict[str, Callable[[Rng], Image.Image]]
CHOSEN: Kinds = {"page": _page, "screen": _screen, "scribble": _scribble, "frame": _frame}
REPORTED: Kinds = {"table": _table, "chart": _chart, "cartoon": _cartoon, "gradient": _gradient}
