"""Word clouds with a Korean font that came with a package."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from typing import Any, Literal

from nlp.fonts import font_path

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
    """A word cloud as PNG, ``width`` × ``height`` pixels, on white.

    ``weights``: word → weight > 0; the 60 heaviest are drawn as far as they fit, the heavier the larger and
    the darker: from green to deep blue for ``high`` (≥3★), from amber to dark red for ``low``. The same
    words, size and seed give the same picture. Without any word of positive weight the picture is blank.
    Raises ``FontMissing``.
    """
    from PIL import Image

    # By weight, equals by word: the order of the mapping must not show.
    smallest = max(4, round(_SMALLEST * width / 2))
    # A syllable is as wide as tall: a word that cannot fit would end the drawing.
    longest = width // 2 // smallest
    named = ((word, x) for word, x in weights.items() if word.strip() and len(word) < longest and x > 0)
    words = dict(sorted(named, key=lambda pair: (-pair[1], pair[0])))
    if not words:
        picture = Image.new("RGB", (width, height), _BACKGROUND)
    else:
        picture = _draw(words, (width, height), smallest, seed, _RAMPS[polarity])
    out = io.BytesIO()
    picture.quantize(colors=64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw(
    words: dict[str, float], size: tuple[int, int], smallest: int, seed: int, ramp: tuple[str, ...]
) -> Any:
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
        min_font_size=smallest,
        max_font_size=height // 11,
        relative_scaling=0.5,
        prefer_horizontal=1.0,
        margin=4,
        random_state=seed,
        color_func=colour,
    )
    return cloud.generate_from_frequencies(words).to_image().resize((width, height))
