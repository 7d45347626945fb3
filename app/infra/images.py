"""Photos as people send them, made safe: decoded within limits, upright, without any metadata.

What comes out is a fresh JPEG of the pixels alone: EXIF (place, device, time), thumbnails,
comments and anything appended to the file are gone, whatever the format was.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "HEIF")
SEVERAL_PICTURES = ("MPO", "HEIF")
"""Formats in which phones keep more beside the photo (an HDR gain map, a depth map): the first one counts."""
MAX_PIXELS = 64_000_000
MAX_SIDE = 3000
MIN_SIDE = 64
MAX_ASPECT = 10
"""How often the shorter side may go into the longer one: twice what a panorama of a phone has."""
MAX_SEGMENTS, MAX_SCANS = 1000, 64
"""Of a JPEG. Each segment of metadata is copied on, and each scan of a progressive one is a walk over all
pixels: cameras write some dozens and some ten, a file of a few megabytes can hold enough for hours."""
JPEG_QUALITY = 90
JPEG_START = b"\xff\xd8"
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""Not 0 (a byte 255 among the pixels) nor D0–D7 (a place to start again among them)."""
START_OF_SCAN, END_OF_IMAGE, WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)

register_heif_opener(thumbnails=False)
few_at_once = threading.BoundedSemaphore(2)
"""To be held wherever pixels are unpacked: 64 million take 200 MB from a JPEG, 1 GB from a WebP with alpha."""


class BadImage(Exception):
    """A file that cannot become a photo; `reason` is one of the keys in `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = ("empty", "not_an_image", "format", "broken", "animated", "too_large", "too_small", "too_narrow")


@dataclass(frozen=True)
class CleanPhoto:
    """A re-encoded photo: JPEG bytes, width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


def clean(data: bytes) -> CleanPhoto:
    """Re-encode an uploaded file as a JPEG without metadata, its longer side at most 3,000 px.

    Raises `BadImage` for an empty, foreign, broken, animated, huge, tiny or very narrow file.
    """
    if not data:
        raise BadImage("empty")
    with few_at_once, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _encode(_decode(data))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadImage("too_large") from error
        except UnidentifiedImageError as error:
            raise BadImage("not_an_image") from error
        except (
            OSError,
            SyntaxError,
            ValueError,
            RuntimeError,
            EOFError,
            MemoryError,
            OverflowError,
        ) as error:
            raise BadImage("broken") from error


def _decode(data: bytes) -> Image.Image:
    if data.startswith(JPEG_START):
        _refuse_endless(data)  # opening it reads all of its metadata
    picture = Image.open(io.BytesIO(data))
    if picture.format not in FORMATS:
        raise BadImage("format")
    if getattr(picture, "n_frames", 1) > 1 and picture.format not in SEVERAL_PICTURES:
        raise BadImage("animated")
    if picture.width * picture.height > MAX_PIXELS:
        raise BadImage("too_large")
    if min(picture.size) < MIN_SIDE:
        raise BadImage("too_small")
    if max(picture.size) > MAX_ASPECT * min(picture.size):
        raise BadImage("too_narrow")
    picture.draft("RGB", (MAX_SIDE, MAX_SIDE))
    picture.load()
    return picture


def _refuse_endless(jpeg: bytes) -> None:
    markers = list(islice(_markers(jpeg), MAX_SEGMENTS + 1))
    if len(markers) > MAX_SEGMENTS or markers.count(START_OF_SCAN) > MAX_SCANS:
        raise BadImage("broken")


def _markers(jpeg: bytes) -> Iterator[int]:
    """Yield what stands at the head of each segment up to the end of the picture; what follows is not read."""
    place = len(JPEG_START)
    while found := MARKER.search(jpeg, place):
        marker, place = jpeg[found.end() - 1], found.end()
        yield marker
        if marker == END_OF_IMAGE:
            return
        if marker not in WITHOUT_LENGTH:
            place += max(2, int.from_bytes(jpeg[place : place + 2], "big"))


def _encode(picture: Image.Image) -> CleanPhoto:
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    if min(picture.size) < MIN_SIDE:
        raise BadImage("too_small")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        ground = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(ground, upright.convert("RGBA"))
    plain = Image.new("RGB", upright.size)
    plain.paste(upright.convert("RGB"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=False)
    return CleanPhoto(out.getvalue(), plain.width, plain.height)
