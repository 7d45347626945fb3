"""Whatever people upload becomes an upright JPEG without metadata, or a named refusal."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.infra import images

GPS = 0x8825


def picture(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue, so that a turn shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 220
    pixels[:, width // 2 :, 2] = 220
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_format_that_phones_make_is_taken(kind: str) -> None:
    clean = images.clean(encoded(picture(), kind))
    result = Image.open(io.BytesIO(clean.jpeg))
    assert (result.format, result.size) == ("JPEG", (320, 200))
    assert (clean.width, clean.height) == (320, 200)


def test_a_jpeg_with_a_gain_map_behind_it_is_the_photo_alone() -> None:
    """Phones that photograph in HDR (Ultra HDR) write a second, smaller JPEG behind the first one."""
    source = encoded(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (80, 50), "green")])
    assert getattr(Image.open(io.BytesIO(source)), "n_frames", 1) == 2
    result = Image.open(io.BytesIO(images.clean(source).jpeg))
    assert (result.format, result.size, getattr(result, "n_frames", 1)) == ("JPEG", (320, 200), 1)
    left, _, right = result.convert("RGB").getpixel((20, 100))
    assert left > 180 > 60 > right


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_every_colour_mode_is_taken(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    source = (
        Image.fromarray(np.full((100, 100), 900, np.uint16))
        if mode == "I;16"
        else picture(mode=mode if mode not in ("LA",) else "L")
    )
    if mode == "LA":
        source = source.convert("LA")
    assert Image.open(io.BytesIO(images.clean(encoded(source, kind)).jpeg)).mode == "RGB"


def test_place_device_comments_and_appended_bytes_are_gone() -> None:
    source = picture()
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(GPS)[1] = "N"
    data = encoded(source, "JPEG", exif=exif, comment=b"SecretPhone") + b"SecretPhone"
    assert b"SecretPhone" in data
    clean = images.clean(data).jpeg
    assert b"SecretPhone" not in clean
    assert not Image.open(io.BytesIO(clean)).getexif()


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (320, 200), (5, 100)),
        (6, (200, 320), (100, 5)),
        (3, (320, 200), (315, 100)),
        (8, (200, 320), (100, 315)),
    ],
)
def test_the_camera_s_orientation_is_applied(
    orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = Image.open(io.BytesIO(images.clean(encoded(picture(), "JPEG", exif=exif)).jpeg))
    red, _, blue = result.getpixel(red_at)  # type: ignore[misc]
    assert result.size == size
    assert red > 150 > blue


def test_a_large_photo_is_reduced() -> None:
    clean = images.clean(encoded(picture(5000, 2500), "JPEG"))
    assert (clean.width, clean.height) == (images.MAX_SIDE, images.MAX_SIDE // 2)


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def claiming(width: int, height: int) -> bytes:
    """A HEIC of a few bytes that claims to be as large as said."""
    data = bytearray(encoded(picture(), "HEIF"))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", width, height)
    return bytes(data)


def with_segments(segment: bytes, count: int) -> bytes:
    """A JPEG with a segment of metadata many times over."""
    data = encoded(picture(), "JPEG")
    return data[:2] + segment * count + data[2:]


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes many times over."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * count + data[-2:]


EXIF_PIECE = b"\xff\xe1\x00\x12Exif\0\0" + b"x" * 10


def animated() -> bytes:
    return encoded(
        picture(), "WEBP", save_all=True, append_images=[picture(mode="L").convert("RGB")], duration=100
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 not a picture", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (encoded(picture(), "JPEG")[:900], "broken"),
        (encoded(picture(), "GIF"), "format"),
        (encoded(picture(), "BMP"), "format"),
        (animated(), "animated"),
        (bomb(), "too_large"),
        (claiming(60_000, 60_000), "too_large"),
        (encoded(picture(40, 40), "PNG"), "too_small"),
        (encoded(Image.new("RGB", (64, 19_000)), "PNG"), "too_narrow"),
        (encoded(Image.new("RGB", (6_500, 640)), "JPEG"), "too_narrow"),
        (with_segments(EXIF_PIECE, 2_000), "broken"),
        (with_segments(b"\xff\xfe\0\2", 2_000), "broken"),
        (with_segments(b"\xff\x01", 2_000), "broken"),
        (with_scans(100), "broken"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(images.BadImage) as refusal:
        images.clean(data)
    assert refusal.value.reason == reason
    assert reason in images.REASONS


def test_a_panorama_and_a_jpeg_of_many_parts_are_taken() -> None:
    assert images.clean(encoded(picture(2000, 200), "JPEG")).height == 200
    assert images.clean(with_segments(EXIF_PIECE, 100)).width == 320
    assert images.clean(with_scans(20)).width == 320


def test_what_phones_append_to_a_photo_is_not_taken_for_parts_of_it() -> None:
    """A motion photo carries its film behind the picture."""
    film = b"\xff\xda\xff\xe1" * 2_000
    assert images.clean(encoded(picture(), "JPEG", comment=film[:60_000]) + film).width == 320


def test_no_side_is_too_small_after_reducing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_SIDE", 300)
    with pytest.raises(images.BadImage) as refusal:
        images.clean(encoded(picture(900, 100), "PNG"))
    assert refusal.value.reason == "too_small"


SEEDS = [encoded(picture(), kind) for kind in ("JPEG", "PNG", "WEBP")]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=12),
    st.integers(1, 6000),
)
def test_damaged_files_never_raise_anything_else(
    seed: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(seed[:length])
    for place, value in changes:
        if place < len(data):
            data[place] = value
    with contextlib.suppress(images.BadImage):  # any other exception fails the test
        assert images.clean(bytes(data)).width >= images.MIN_SIDE
