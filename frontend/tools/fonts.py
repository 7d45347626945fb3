"""Cuts Pretendard GOV into faces by use: the shell's letters, the other pages' letters, and the rest in blocks.

The browser fetches a face only when a page holds a letter of its unicode-range, so a first visit costs the
shell's letters, and a name with a rare syllable costs one block of the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

WEIGHTS = {
    "regular": (400, "PretendardGOV-Regular.subset.woff2"),
    "bold": (700, "PretendardGOV-Bold.subset.woff2"),
}
FAMILY = "Salpim Sans"
BLOCKS = tuple((low, low + 0x57F) for low in range(0xAC00, 0xD7A4, 0x580))
"""Eight stretches of Hangul syllables, some 350 letters of the font in each."""
ALWAYS = set(range(0x20, 0x7F)) | {ord(sign) for sign in "\u00a0·×–—‘’“”…←→≤≥"}


@dataclass(frozen=True)
class Face:
    """One font file: the letters in it, and those for which the browser is told to fetch it."""

    name: str
    letters: set[int]
    range: set[int]


def faces(shell: set[int], pages: set[int], available: set[int]) -> list[Face]:
    """Share out the font's letters. Each belongs to the range of exactly one face.

    The rest is cut along fixed blocks, each holding all of its letters, so that a new word in a template
    makes only the two small faces anew.
    """
    first = (shell | ALWAYS) & available
    second = (pages & available) - first
    result = [Face("shell", first, first), Face("pages", second, second)]
    for number, (low, high) in enumerate(BLOCKS):
        block = {code for code in available if low <= code <= high}
        result.append(Face(f"rest{number}", block, block - first - second))
    taken = {code for face in result for code in face.letters}
    result.append(Face("other", available - taken, available - taken - first - second))
    return [face for face in result if face.range]


def unicode_range(codes: set[int]) -> str:
    """The CSS unicode-range of a set of code points."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in spans)


def build(source: Path, cache: Path, shell: set[int], pages: set[int], say: Callable[[str], None]) -> str:
    """Write the faces into `cache` (only those not there yet) and return their @font-face rules."""
    cache.mkdir(parents=True, exist_ok=True)
    with TTFont(source / WEIGHTS["regular"][1], lazy=True) as font:
        available = set(font.getBestCmap()) - {0x0, 0xD}
    css: list[str] = []
    kept: set[str] = set()
    for face in faces(shell, pages, available):
        for weight, (number, file_name) in WEIGHTS.items():
            key = hashlib.sha256(f"1:{weight}:{sorted(face.letters)}".encode()).hexdigest()[:12]
            name = f"{face.name}-{weight}.{key}.woff2"
            kept.add(name)
            if not (cache / name).exists():
                say(f"  font {face.name} {weight}: {len(face.letters)} letters")
                _cut(source / file_name, cache / name, face.letters)
            css.append(
                f'@font-face{{font-family:"{FAMILY}";font-style:normal;font-weight:{number};font-display:swap;'
                f'src:url("./fonts/{name}") format("woff2");unicode-range:{unicode_range(face.range)}}}'
            )
    for path in cache.glob("*.woff2"):
        if path.name not in kept:
            path.unlink()
    return "\n".join(css)


def _cut(source: Path, target: Path, codes: set[int]) -> None:
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "calt", "ccmp", "tnum", "locl"])
    options.drop_tables += ["DSIG"]
    with subset.load_font(str(source), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=codes)
        cutter.subset(font)
        part = target.with_suffix(".part")
        subset.save_font(font, str(part), options)
    part.replace(target)
