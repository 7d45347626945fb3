from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from nlp.clouds import _RAMPS, cloud_png
from nlp.fonts import FontMissing, font_path, subset_woff

WEIGHTS = {f"낱말{i}": 1 / (i + 1) for i in range(40)} | {"비대면진료": 2.0, "안 되다": 1.5}


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def luminance(colour: tuple[int, ...]) -> float:
    """Relative luminance, 0–1 (WCAG 2.2)."""
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_the_same_words_and_seed_give_the_same_picture() -> None:
    first = cloud_png(WEIGHTS, polarity="high")
    assert cloud_png(dict(reversed(WEIGHTS.items())), polarity="high") == first
    assert cloud_png(WEIGHTS, polarity="high", seed=8) != first


def test_size_and_light_ground() -> None:
    image = picture(cloud_png(WEIGHTS, width=601, height=401, polarity="low"))
    assert image.size == (601, 401)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert min(pixel[1][0] for pixel in image.getcolors(1 << 20) or []) < 255


@pytest.mark.parametrize("polarity", ["high", "low"])
def test_praise_is_blue_green_and_complaint_warm(polarity: str) -> None:
    image = picture(cloud_png(WEIGHTS, polarity="high" if polarity == "high" else "low"))
    dark = [c for n, c in image.getcolors(1 << 20) or [] if luminance(c) < 0.3 for _ in range(n)]
    red = sum(c[0] for c in dark) / len(dark)
    blue = sum(c[2] for c in dark) / len(dark)
    assert (blue > 2 * red) if polarity == "high" else (red > 2 * blue)


@pytest.mark.parametrize("colour", [colour for ramp in _RAMPS.values() for colour in ramp])
def test_every_colour_reads_on_white(colour: str) -> None:
    rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    assert 1.05 / (luminance(rgb) + 0.05) >= 4.5


@pytest.mark.parametrize("weights", [{}, {"병원": 0.0}, {" ": 1.0}])
def test_without_words_the_picture_is_blank(weights: dict[str, float]) -> None:
    image = picture(cloud_png(weights, width=300, height=200, polarity="high"))
    assert image.getcolors() == [(300 * 200, (255, 255, 255))]


def test_a_small_or_lopsided_cloud_is_drawn() -> None:
    for weights in ({"병원": 1.0}, {"병원": 1e9, "약": 1e-9}, {"가" * 60: 1.0, "약": 0.5}):
        image = picture(cloud_png(weights, width=360, height=240, polarity="low"))
        assert len(image.getcolors(1 << 16) or []) > 1


def test_the_font_is_found_without_matplotlib() -> None:
    code = "import sys; from nlp.fonts import font_path; import nlp.clouds; font_path(); print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_missing_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FontMissing, match="koreanize-matplotlib"):
        font_path()


def test_a_page_s_font_is_small_and_the_same_each_time() -> None:
    font = subset_woff(set("살핌 비대면진료 앱 후기 1234 ★"))
    assert font[:4] == b"wOFF"
    assert len(font) < 20_000
    assert subset_woff(sorted(set("살핌 비대면진료 앱 후기 1234 ★"))) == font
