"""Word clouds with a Korean font that came with a package."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Mapping
from typing import Any, Literal

from nlp.fonts import font_path, subset_woff

Polarity = Literal["high", "low"]

# From the lightest words to the heaviest; each reads on white at 4.5:1 or better (WCAG 2.2 AA).
_RAMPS: dict[Polarity, tuple[str, ...]] = {
    "high": ("#2e7d80", "#14726f", "#0b6584", "#0a5490", "#0b3c7d", "#082a5c"),
    "low": ("#a8610c", "#b0500f", "#b83a14", "#b3261e", "#8f1d2c", "#6b1225"),
}
_BACKGROUND = "#ffffff"
#: On a screen 360 px wide, in a frame that leaves 290, the smallest word is still about 11 px tall.
_SMALLEST = 14 / 360
_MAX_WORDS = 60


def cloud_png(
    weights: Mapping[str, float], *, width: int = 1200, height: int = 800, seed: int = 7, polarity: Polarity
) -> bytes:
    """The PNG of ``draw``."""
    return draw(weights, width=width, height=height, seed=seed, polarity=polarity).png()


def draw(
    weights: Mapping[str, float], *, width: int = 1200, height: int = 800, seed: int = 7, polarity: Polarity
) -> Cloud:
    """A word cloud, ``width`` × ``height`` pixels, on white.

    ``weights``: word → weight > 0; the 60 heaviest are drawn as far as they fit, the heavier the larger and
    the darker: from green to deep blue for ``high`` (≥3★), from amber to dark red for ``low``. The same
    words, size and seed give the same picture. Without any word of positive weight the picture is blank.
    Raises ``FontMissing``.
    """
    words = _fitting(weights, width)
    laid_out = _lay_out(words, (width, height), seed, _RAMPS[polarity]) if words else None
    return Cloud(laid_out, (width, height))


class Cloud:
    """Words that have their places; drawn as either kind of picture."""

    def __init__(self, laid_out: Any, size: tuple[int, int]) -> None:
        self._laid_out, self._size = laid_out, size

    def png(self) -> bytes:
        """The cloud as PNG."""
        from PIL import Image

        if self._laid_out is None:
            picture = Image.new("RGB", self._size, _BACKGROUND)
        else:
            picture = self._laid_out.to_image().resize(self._size)
        out = io.BytesIO()
        picture.quantize(colors=64, dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()

    def svg(self) -> bytes:
        """The cloud as SVG, its letters inside, so that it looks the same everywhere."""
        if self._laid_out is None:
            size = f'width="{self._size[0]}" height="{self._size[1]}"'
            return f'<svg xmlns="http://www.w3.org/2000/svg" {size}></svg>\n'.encode()
        svg: str = self._laid_out.to_svg()
        # WordCloud's own embedding leaves the font's file open.
        font = base64.b64encode(subset_woff(set("".join(self._laid_out.words_)), "Bold")).decode()
        face = (
            "@font-face{font-family:'NanumGothic';font-weight:bold;"
            f"src:url(data:font/woff;base64,{font}) format('woff')}}"
        )
        return (svg.replace("<style>", f"<style>{face}", 1) + "\n").encode()


def _fitting(weights: Mapping[str, float], width: int) -> dict[str, float]:
    """By weight, equals by word: the order of the mapping must not show."""
    # A syllable is as wide as tall: a word that cannot fit would end the drawing.
    longest = width // 2 // _smallest(width)
    named = ((word, x) for word, x in weights.items() if word.strip() and len(word) < longest and x > 0)
    return dict(sorted(named, key=lambda pair: (-pair[1], pair[0])))


def _smallest(width: int) -> int:
    return max(4, round(_SMALLEST * width / 2))


def _lay_out(words: dict[str, float], size: tuple[int, int], seed: int, ramp: tuple[str, ...]) -> Any:
    # WordCloud imports matplotlib, which warns of a home it cannot write to; we draw nothing with it.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from wordcloud import WordCloud

    width, height = size
    heaviest = max(words.values())

    def colour(word: str, **_: object) -> str:
        share = (words[word] / heaviest) ** 0.5
        return ramp[min(int(share * len(ramp)), len(ramp) - 1)]

    cloud = WordCloud(
        font_path=str(font_path("Bold")),
        width=width // 2,
        height=height // 2,
        scale=2,
        background_color=_BACKGROUND,
        max_words=_MAX_WORDS,
        min_font_size=_smallest(width),
        max_font_size=height // 11,
        relative_scaling=0.5,
        prefer_horizontal=1.0,
        margin=4,
        random_state=seed,
        color_func=colour,
    )
    return cloud.generate_from_frequencies(words)
