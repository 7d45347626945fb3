"""Decoding: every kind of file a phone may send, and every kind of file it should not."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vision import images
from vision.images import UnreadableImage, decode, one_resolution


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(data, 150)
    assert "Traceback" not in str(caught.value)
    return caught.value.reason


def sixteen_bits(image: Image.Image, order: str = "<", brightest: int = 65_535) -> Image.Image:
    """The grey picture with values of 16 bits, little-endian (<) or big-endian (>); brightest: what white becomes."""
    values = np.asarray(image.convert("L"), dtype=np.float64) * (brightest / 255)
    mode = "I;16" if order == "<" else "I;16B"
    return Image.frombytes(mode, image.size, values.round().astype(f"{order}u2").tobytes())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "BMP", "TIFF"])
def test_reads_every_still_format(draw, encode, kind):
    options = {"quality": 95} if kind in {"JPEG", "WEBP", "HEIF"} else {}
    decoded = decode(encode(draw(640, 480), kind, **options), 150)
    assert decoded.size == (640, 480)
    assert decoded.pixels.size == (200, 150)
    assert decoded.pixels.mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "1", "LA"])
def test_brings_every_mode_to_rgb(draw, mode):
    image = draw(300, 200)
    source = sixteen_bits(image) if mode == "I;16" else image.convert(mode)
    decoded = decode(source, 150)
    assert decoded.pixels.mode == "RGB"
    assert np.asarray(decoded.pixels).std() > 5


@pytest.mark.parametrize("brightest", [65_535, 32_768, 4_095])
@pytest.mark.parametrize(("kind", "order"), [("TIFF", "<"), ("TIFF", ">"), ("PNG", "<"), ("PPM", "<")])
def test_sixteen_bits_keep_their_exposure_in_either_byte_order(encode, kind, order, brightest):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (200, 1))
    stored = sixteen_bits(Image.fromarray(ramp), order, brightest)
    decoded = np.asarray(decode(encode(stored, kind), 200).pixels, dtype=float)
    assert decoded == pytest.approx(np.stack([ramp * (brightest / 65_535)] * 3, axis=-1), abs=1.01)


def test_transparent_parts_become_white():
    decoded = decode(Image.new("RGBA", (200, 200), (10, 10, 10, 0)), 150)
    assert np.asarray(decoded.pixels).min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_the_photo_as_its_exif_says_after_shrinking(draw, encode, orientation):
    upright = draw(600, 450, at=(0.3, 0.6))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transposes that make the stored file
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = decode(encode(stored, quality=95, exif=exif), 150)
    plain = decode(encode(upright, quality=95), 150)
    assert turned.size == (600, 450)
    difference = np.asarray(turned.pixels, dtype=float) - np.asarray(plain.pixels, dtype=float)
    assert np.abs(difference).mean() < 3


def test_decoding_at_a_fraction_gives_the_same_picture_as_in_full(draw, encode):
    photo = draw(2400, 1800)
    quick = np.asarray(decode(encode(photo, quality=95), 150).pixels, dtype=float)
    full = np.asarray(photo.resize((200, 150), Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(quick - full).mean() < 2


@pytest.mark.parametrize("data", [b"GIF89a", b"\xff\xd8\xff", b"<html></html>", b"%PDF-1.7", bytes(5000)])
def test_refuses_what_is_no_picture(data):
    assert reason_of(data) in {"not_an_image", "broken"}


def test_an_empty_file_is_called_empty():
    assert reason_of(b"") == "empty"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "BMP", "TIFF"])
def test_a_photo_cut_short_is_called_broken(draw, encode, kind, share):
    data = encode(draw(800, 600), kind)
    assert reason_of(data[: int(len(data) * share)]) == "broken"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_refuses_animations(draw, encode, kind):
    frames = [draw(100, 100, seed=s) for s in range(3)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert reason_of(data) == "animated"


@pytest.mark.parametrize("side", [8_100, 11_000, 60_000])
def test_refuses_a_decompression_bomb_without_unpacking_it(side):
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10_000_000))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert reason_of(bomb) == "too_large"


@pytest.mark.parametrize("size", [(64, 19_000), (1, 65_000), (1_600, 150)])
def test_refuses_a_sliver_that_would_become_endless_when_enlarged(encode, size):
    sliver = Image.new("RGB", size)
    assert reason_of(encode(sliver, "PNG")) == "too_narrow"
    with pytest.raises(UnreadableImage):
        decode(sliver, 150)


def test_reads_a_panorama(draw):
    assert decode(draw(1_500, 150), 150).pixels.size == (1_500, 150)


@pytest.mark.parametrize("piece", [b"\xff\xe1\x00\x12Exif\0\0" + b"x" * 10, b"\xff\xfe\0\2"])
def test_refuses_a_jpeg_of_endless_metadata(draw, encode, piece):
    data = encode(draw())
    assert reason_of(data[:2] + piece * 2_000 + data[2:]) == "too_many_parts"


def test_refuses_a_jpeg_of_endless_scans_but_not_an_ordinary_progressive_one(draw, encode):
    data = encode(draw(), progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    assert reason_of(data[:-2] + last * 100 + data[-2:]) == "too_many_parts"
    film = b"\xff\xda\xff\xe1" * 2_000
    assert decode(data + film, 150).pixels.size == (200, 150)


def test_refuses_a_heic_that_claims_to_be_huge(draw, encode):
    data = bytearray(encode(draw(), "HEIF"))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", 60_000, 60_000)
    assert reason_of(bytes(data)) == "too_large"


def test_leaves_pillows_own_limit_alone(draw, encode):
    before = Image.MAX_IMAGE_PIXELS
    decode(encode(draw()), 150)
    assert before == Image.MAX_IMAGE_PIXELS
    assert before > images.MAX_PIXELS


def test_one_resolution_enlarges_and_shrinks_to_the_same_shorter_side(draw):
    assert one_resolution(draw(90, 60), 150).size == (225, 150)
    assert one_resolution(draw(300, 600), 150).size == (150, 300)
    assert one_resolution(draw(1, 1), 150).size == (150, 150)
