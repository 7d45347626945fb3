"""From bytes to pixels: safe, quick decoding and the one effective resolution of training and serving."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
import numpy.typing as npt
from PIL import Image

MAX_PIXELS = 64_000_000
"""A larger picture is refused unread: phones send less, decompression bombs more."""
MAX_ASPECT = 10
"""A longer and narrower picture is refused: enlarged to the working resolution it would be endless."""
MAX_SEGMENTS, MAX_SCANS = 1000, 64
"""Of a JPEG: cameras write some dozens and some ten; each costs, and a small file can hold enough for hours."""

SPARE = 1.25
"""How many times the pixels wanted a side of a JPEG is decoded to at least: what is left is averaged."""

UInt8 = npt.NDArray[np.uint8]

# Pillow only warns at first; a bomb must never get as far as being unpacked.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class UnreadableImage(ValueError):
    """The bytes are no picture that can be read. ``reason`` is a machine key, ``str()`` a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def why(error: OSError | UnreadableImage | MemoryError) -> str:
    """Why a picture was not read, in one line."""
    if isinstance(error, MemoryError):
        return "there is not enough memory to read the picture"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


@dataclass(frozen=True)
class Decoded:
    """A picture at working size.

    pixels: uint8 (h, w, 3) RGB, upright; size: (width, height) of the upright original in pixels.
    """

    pixels: Image.Image
    size: tuple[int, int]


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _open(data: bytes) -> Image.Image:
    """Open without decoding; refuse what is no picture, animated or too large."""
    if not data:
        raise UnreadableImage("empty", "the file is empty")
    _register_heif()
    too_large = UnreadableImage(
        "too_large", f"the picture has more than {MAX_PIXELS // 10**6} million pixels"
    )
    if data.startswith(_JPEG_START) and _endless(data):
        raise UnreadableImage(
            "too_many_parts", f"the JPEG has more than {MAX_SEGMENTS} segments or {MAX_SCANS} scans"
        )
    try:
        image = Image.open(io.BytesIO(data))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise too_large from None
    except Exception:  # noqa: BLE001 - the plugins of Pillow raise whatever they like on bad bytes
        if _BEGUN.match(data):
            raise UnreadableImage("broken", "the picture is damaged or cut short") from None
        raise UnreadableImage("not_an_image", "the bytes are not a picture of a known format") from None
    # Our own limit, below Pillow's: a process-wide setting is not ours to change for every other caller.
    if image.width * image.height > MAX_PIXELS:
        raise too_large
    if getattr(image, "n_frames", 1) > 1 and image.format in {"GIF", "PNG", "WEBP", "TIFF"}:
        raise UnreadableImage(
            "animated", "the picture is animated or has several pages; send one still picture"
        )
    return image


_JPEG_START = b"\xff\xd8"
_BEGUN = re.compile(rb"\xff\xd8\xff|RIFF.{4}WEBP", re.DOTALL)
"""How a JPEG or WebP begins: of these Pillow knows nothing any more where much is missing."""
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)


def _endless(jpeg: bytes) -> bool:
    markers = list(islice(_markers(jpeg), MAX_SEGMENTS + 1))
    return len(markers) > MAX_SEGMENTS or markers.count(_START_OF_SCAN) > MAX_SCANS


def _markers(jpeg: bytes) -> Iterator[int]:
    """The marker of each segment up to the end of the picture; what phones append behind it is not looked at."""
    place = len(_JPEG_START)
    while found := _MARKER.search(jpeg, place):
        marker, place = jpeg[found.end() - 1], found.end()
        yield marker
        if marker == _END_OF_IMAGE:
            return
        if marker not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(jpeg[place : place + 2], "big"))


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white, as a viewer shows it.

    Of 16 bits, in either byte order, 65,535 becomes 255, so that the exposure stays what it was. Numbers of 32 bits
    have no such white: unless they lie within 8 bits, their own maximum becomes 255.
    """
    # Of Pillow's formats PNM alone hands out 16 bits in 32.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:
        values = np.asarray(image, dtype=np.float32)
        top = float(values.max()) or 1.0
        return Image.fromarray((values * (255.0 / max(top, 255.0))).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def decode(source: bytes | Image.Image, short_side: int) -> Decoded:
    """Decode and shrink so that the shorter side has about ``short_side`` pixels (never enlarged).

    JPEGs are decoded at a fraction of their size (``Image.draft``) and resized before the EXIF rotation:
    a twelve-megapixel photo costs a sixth of the plain way. Raises UnreadableImage.
    """
    image = _open(source) if isinstance(source, bytes) else source
    try:
        width, height = image.size
        if min(width, height) < 1:
            raise UnreadableImage("not_an_image", "the picture is empty")
        if max(width, height) > MAX_ASPECT * min(width, height):
            raise UnreadableImage(
                "too_narrow", f"the picture is more than {MAX_ASPECT} times as long as it is wide"
            )
        factor = short_side / min(width, height)
        if factor < 1 and isinstance(source, bytes):
            image.draft("RGB", (int(width * factor * SPARE), int(height * factor * SPARE)))
        orientation = image.getexif().get(0x0112, 1)
        rgb = _to_rgb(image)
        if factor < 1:
            target = (max(1, round(width * factor)), max(1, round(height * factor)))
            rgb = rgb.resize(target, Image.Resampling.BILINEAR, reducing_gap=3.0)
        if orientation in _TURNS:
            rgb = rgb.transpose(_TURNS[orientation])
            if orientation >= 5:
                width, height = height, width
    except UnreadableImage:
        raise
    except Exception as error:  # noqa: BLE001 - the same while decoding
        raise UnreadableImage("broken", f"the picture is damaged ({type(error).__name__})") from None
    return Decoded(rgb, (width, height))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def one_resolution(image: Image.Image, short_side: int) -> Image.Image:
    """The picture with its shorter side at exactly ``short_side`` pixels, enlarged if need be.

    Every source passes through this one bottleneck, so that sharpness cannot betray where a picture is from.
    """
    width, height = image.size
    factor = short_side / min(width, height)
    target = (max(short_side, round(width * factor)), max(short_side, round(height * factor)))
    return image if target == image.size else image.resize(target, Image.Resampling.BILINEAR)
