"""Is this photo good enough to read, and what would make it better?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from vision.images import Decoded, decode, one_resolution
from vision.ood import Evidence
from vision.registry import QualityLimits, folder_of, read_config

TILES = 5
MEASURED_AT = 150
"""Shorter side in pixels at which light, colour and sharpness are measured, whatever a network reads: what a reduced
photo shows of them does not hang on the model."""


@dataclass(frozen=True)
class Check:
    """One check: what was measured, the limit it was held against, and what to do if it failed."""

    key: str
    ok: bool
    value: float
    limit: float
    advice_ko: str
    advice_en: str


@dataclass(frozen=True)
class Quality:
    """All checks of a photo; ``ok`` if each is."""

    ok: bool
    checks: tuple[Check, ...]


ADVICE: dict[str, tuple[str, str]] = {
    "too_small": (
        "사진이 너무 작습니다. 더 가까이에서, 줄이지 않은 원본 사진을 보내 주세요.",
        "The photo is too small. Please send the original photo, taken closer and not reduced.",
    ),
    "too_blurry": (
        "사진이 흐립니다. 휴대전화를 고정하고 그 자리를 눌러 초점을 맞춘 뒤 다시 찍어 주세요.",
        "The photo is blurry. Hold the phone still, tap the spot to focus, and take it again.",
    ),
    "too_dark": (
        "사진이 너무 어둡습니다. 밝은 곳에서 그림자가 지지 않게 다시 찍어 주세요.",
        "The photo is too dark. Please take it again in good light, without a shadow on the spot.",
    ),
    "too_bright": (
        "사진이 너무 밝습니다. 플래시를 끄고 빛이 바로 비치지 않게 다시 찍어 주세요.",
        "The photo is too bright. Turn the flash off, avoid direct light, and take it again.",
    ),
    "colour_cast": (
        "사진의 색이 한쪽으로 치우쳤습니다. 색깔 있는 조명과 필터를 끄고 햇빛이나 흰 불빛 아래에서 다시 찍어 주세요.",
        "The colours are off. Turn coloured light and filters off, and take it again in daylight or white light.",
    ),
    "off_centre": (
        "찍으려는 자리가 사진 가장자리에 있습니다. 그 자리가 사진 가운데에 오도록 다시 찍어 주세요.",
        "The spot is at the edge of the photo. Take it again with the spot in the middle.",
    ),
    "no_skin_lesion": (
        "피부의 점이나 반점을 찍은 사진으로 보이지 않습니다. 그 자리가 사진 가운데에 오도록 가까이에서 찍어 주세요.",
        "This does not look like a photo of a spot on the skin. Take it from close by, with the spot in the middle.",
    ),
    "no_lesion": (
        "사진에서 점이나 반점이 잘 보이지 않습니다. 그 자리가 가운데에 크게 오도록 다시 찍어 주세요.",
        "No spot can be made out. Take the photo again with the spot large and in the middle.",
    ),
}
FINE = ("좋습니다.", "Good.")


def sharpness(picture: Image.Image) -> float:
    """Fine detail of the sharpest parts: the second highest tile's mean absolute Laplacian, 0..255.

    picture: with MEASURED_AT pixels on its shorter side. Tiles, because a sharp lesion may lie on a soft background.
    """
    grey = np.asarray(picture.convert("L").filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
    inner = grey[1:-1, 1:-1]
    edges = np.abs(4 * inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:])
    rows, columns = (np.linspace(0, n, TILES + 1).astype(int) for n in edges.shape)
    tiles = [
        float(edges[rows[i] : rows[i + 1], columns[j] : columns[j + 1]].mean())
        for i in range(TILES)
        for j in range(TILES)
    ]
    return sorted(tiles)[-2]


def brightness(picture: Image.Image) -> float:
    """Mean luminance, 0..255."""
    return float(np.asarray(picture.convert("L"), dtype=np.float32).mean())


def cast(picture: Image.Image) -> tuple[float, float]:
    """Warmth and tint of the mean colour, in octaves: log2 of red over blue, and of green over both.

    Skin is warm by nature, dark skin more so: what is wrong is only what no skin in the data comes near.
    """
    red, green, blue = np.asarray(picture.convert("RGB"), dtype=np.float64).reshape(-1, 3).mean(axis=0) + 1.0
    return float(np.log2(red / blue)), float(np.log2(green / np.sqrt(red * blue)))


def _colour(picture: Image.Image, limits: QualityLimits) -> tuple[str | None, float, float]:
    """Why the colours are off (None: they are not), by which measure, and its limit."""
    warmth, tint = cast(picture)
    measures = (
        (warmth < limits.coldest, warmth, limits.coldest),
        (warmth > limits.warmest, warmth, limits.warmest),
        (tint < limits.purplest, tint, limits.purplest),
        (tint > limits.greenest, tint, limits.greenest),
    )
    wrong = next((m for m in measures if m[0]), None)
    return ("colour_cast", *wrong[1:]) if wrong else (None, warmth, limits.warmest)


def _check(key: str, reason: str | None, value: float, limit: float) -> tuple[Check, str | None]:
    advice = ADVICE[reason] if reason else FINE
    return Check(key, reason is None, round(value, 4), round(limit, 4), *advice), reason


def judge(decoded: Decoded, limits: QualityLimits, evidence: Evidence | None) -> tuple[Quality, str | None]:
    """Run the checks on a decoded photo; also the machine key of the first failed one."""
    picture = one_resolution(decoded.pixels, MEASURED_AT)
    side, light, detail = float(min(decoded.size)), brightness(picture), sharpness(picture)
    too_bright = light > limits.brightest
    found = [
        _check("size", "too_small" if side < limits.size else None, side, limits.size),
        _check(
            "exposure",
            "too_bright" if too_bright else "too_dark" if light < limits.darkest else None,
            light,
            limits.brightest if too_bright else limits.darkest,
        ),
        _check("sharpness", "too_blurry" if detail < limits.sharpness else None, detail, limits.sharpness),
    ]
    # In darkness and glare colours say nothing: that is said first, and enough.
    if found[1][1] is None:
        found.insert(2, _check("colour", *_colour(picture, limits)))
    if evidence is not None:
        found.append(_check("lesion", *_in_sight(evidence, limits)))
        aside = evidence.off_centre > limits.off_centre
        found.append(
            _check("framing", "off_centre" if aside else None, evidence.off_centre, limits.off_centre)
        )
    checks = tuple(check for check, _ in found)
    reason = next((r for _, r in found if r), None)
    return Quality(reason is None, checks), reason


def _in_sight(evidence: Evidence, limits: QualityLimits) -> tuple[str | None, float, float]:
    """Why there is no lesion in sight (None: there is), by which measure, and its limit."""
    measures = (
        ("no_skin_lesion", evidence.foreign, limits.foreign),
        ("no_skin_lesion", evidence.far, limits.far),
        ("no_lesion", evidence.plain, limits.plain),
    )
    return next((m for m in measures if m[1] > m[2]), (None, evidence.foreign, limits.foreign))


def quality_without_network(image: bytes | Image.Image) -> Quality:
    """The checks of size, light, colour and sharpness, by the limits of the default model, which is not loaded.

    With the network's own evidence of a lesion: ``Predictor.quality_of``. Raises UnreadableImage on bytes that are no
    picture.
    """
    config = read_config(folder_of(None))
    return judge(decode(image, MEASURED_AT), config.quality, None)[0]
