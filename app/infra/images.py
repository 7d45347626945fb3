"""Photos as people send them, made safe: decoded within limits, upright, without any metadata.

What comes out is a fresh JPEG of the pixels alone: EXIF (place, device, time), thumbnails,
comments and anything appended to the file are gone, whatever the format was.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "HEIF")
SEVERAL_PICTURES = ("MPO", "HEIF")
"""Formats in which phones keep more beside the photo (an HDR gain map, a depth map): the first one counts."""
MAX_PIXELS = 64_000_000
MAX_SIDE = 3000
MIN_SIDE = 64
JPEG_QUALITY = 90

register_heif_opener(thumbnails=False)
_one_at_a_time = threading.BoundedSemaphore(2)  # a decoded photo takes up to 200 MB


class BadImage(Exception):
    """A file that cannot become a photo; `reason` is one of the keys in `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = ("empty", "not_an_image", "format", "broken", "animated", "too_large", "too_small")


@dataclass(frozen=True)
class CleanPhoto:
    """A re-encoded photo: JPEG bytes, width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


def clean(data: bytes) -> CleanPhoto:
    """Re-encode an uploaded file as a JPEG without metadata, its longer side at most 3,000 px.

    Raises `BadImage` for an empty, foreign, broken, animated, huge or tiny file.
    """
    if not data:
        raise BadImage("empty")
    with _one_at_a_time, warnings.catch_warnings():
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
    picture = Image.open(io.BytesIO(data))
    if picture.format not in FORMATS:
        raise BadImage("format")
    if getattr(picture, "n_frames", 1) > 1 and picture.format not in SEVERAL_PICTURES:
        raise BadImage("animated")
    if picture.width * picture.height > MAX_PIXELS:
        raise BadImage("too_large")
    if min(picture.size) < MIN_SIDE:
        raise BadImage("too_small")
    picture.draft("RGB", (MAX_SIDE, MAX_SIDE))
    picture.load()
    return picture


def _encode(picture: Image.Image) -> CleanPhoto:
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        ground = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(ground, upright.convert("RGBA"))
    plain = Image.new("RGB", upright.size)
    plain.paste(upright.convert("RGB"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=False)
    return CleanPhoto(out.getvalue(), plain.width, plain.height)
