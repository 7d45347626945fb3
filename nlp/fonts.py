"""A Korean font that came with a package, for pictures and for pages that must not depend on the reader's."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Collection
from pathlib import Path
from typing import Literal


class FontMissing(Exception):
    """No Korean font: the package ``koreanize-matplotlib`` is not installed."""


def font_path(weight: Literal["Regular", "Bold"] = "Regular") -> Path:
    """NanumGothic (SIL Open Font License) as ``koreanize-matplotlib`` ships it; found, not imported.

    Raises ``FontMissing``.
    """
    name = "NanumGothic.ttf" if weight == "Regular" else "NanumGothicBold.ttf"
    found = importlib.util.find_spec("koreanize_matplotlib")
    font = Path(found.origin).parent / "fonts" / name if found and found.origin else None
    if font is None or not font.is_file():
        raise FontMissing("no Korean font: pip install koreanize-matplotlib")
    return font


def subset_woff2(characters: Collection[str], weight: Literal["Regular", "Bold"] = "Regular") -> bytes:
    """NanumGothic with the glyphs of ``characters`` alone, as WOFF2: about 30 kB for 400 of them."""
    from fontTools import subset

    options = subset.Options(flavor="woff2", layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables += ["TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]  # the designer's own tables
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(characters)))
    out = io.BytesIO()
    with subset.load_font(str(font_path(weight)), options) as font:
        subsetter.subset(font)
        subset.save_font(font, out, options)
    return out.getvalue()
