"""Bytes → text, whatever encoding they are in. What cannot be decoded costs only the rows it stands in."""

from __future__ import annotations

import codecs
import re

from nlp.reviews import UnreadableFile

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
#: A row ends with a line or, in JSON, with an object. Neither is ever a part of a character of UTF-8 or CP949.
_PIECE = re.compile(rb"[^\r\n}]*[\r\n}]|[^\r\n}]+")
#: What stands for a byte that could not be decoded.
UNDECODED = re.compile("[\udc80-\udcff]")


def decoded(data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding: UTF-8 with or without a mark, UTF-16 with one, or CP949.

    A byte that cannot be decoded becomes a lone surrogate (see ``UNDECODED``), so that whoever reads rows can
    reject those. Raises ``UnreadableFile`` for what is empty, binary or broken for the greater part.
    """
    if not data.strip():
        raise UnreadableFile("빈 파일입니다.", "The file is empty.")
    if data.startswith(_OLD_EXCEL):
        raise UnreadableFile(
            "예전 엑셀(.xls)이거나 암호가 걸린 엑셀 파일입니다. 엑셀에서 암호 없이 .xlsx나 'CSV UTF-8'로 저장해서 올려 주세요.",
            "This is an old Excel workbook (.xls) or one with a password. Save it without one as .xlsx or 'CSV UTF-8'.",
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                "UTF-16 파일인데 글자가 깨져 있습니다. UTF-8 CSV로 다시 저장해 주세요.",
                "The file says it is UTF-16 but is broken. Save it again as UTF-8 CSV.",
            ) from error
    sample = data[:65536]
    odd = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    if odd > len(sample) // 100 + 2:
        raise UnreadableFile("글자로 된 파일이 아닙니다(이진 파일).", "This is a binary file, not text.")
    mark = "-sig" if data.startswith(codecs.BOM_UTF8) else ""
    try:
        return data.decode(f"utf-8{mark}"), f"utf-8{mark}"
    except UnicodeDecodeError:
        text, encoding = _in_pieces(data.removeprefix(codecs.BOM_UTF8))
        return text, encoding + mark if encoding == "utf-8" else encoding


def lines_of(text: str) -> list[str]:
    """The lines of a text, with their ends."""
    if "\n" not in text:
        return text.splitlines(keepends=True)
    # Not str.splitlines: it also breaks at U+2028, form feeds and the like, which belong to a review's text.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _in_pieces(data: bytes) -> tuple[str, str]:
    """The text in the encoding in which more of its pieces can be read."""
    pieces = _PIECE.findall(data)
    utf8 = cp949 = 0
    for piece in pieces:
        if piece.isascii():
            continue
        # Korean in CP949 is next to never good UTF-8, but short UTF-8 may be good CP949: nonsense in hanja.
        if _as_utf8(piece) is not None:
            utf8 += 1
        elif _is_korean(piece):
            cp949 += 1
    encoding = "cp949" if cp949 > utf8 else "utf-8"
    texts = [_text(piece, encoding) for piece in pieces]
    broken = sum(UNDECODED.search(text) is not None for text in texts)
    # The first line is no row but the heading.
    if 2 * broken >= sum(bool(piece.strip()) for piece in pieces):
        raise UnreadableFile(
            "글자를 읽을 수 없습니다. UTF-8도 CP949도 아닙니다(절반이 넘는 줄이 깨져 있습니다). "
            "원래 프로그램에서 UTF-8로 다시 저장해 주세요.",
            "Neither UTF-8 nor CP949: more than half of the lines cannot be decoded. Save the file again as UTF-8.",
        )
    return "".join(texts), encoding


def _as_utf8(piece: bytes) -> str | None:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_korean(piece: bytes) -> bool:
    """Whether this is good CP949 and half of it in the characters of KS X 1001.

    The rare syllables that CP949 adds to those, on lower bytes, are what a Western encoding looks like in it.
    """
    try:
        piece.decode("euc_kr")  # all of it: the common case, and quickly told
        return True
    except UnicodeDecodeError:
        pass
    try:
        others = [char.encode("cp949") for char in piece.decode("cp949") if char > "\x7f"]
    except UnicodeDecodeError:
        return False
    return 2 * sum(min(pair) > 0xA0 for pair in others) >= len(others)


def _text(piece: bytes, encoding: str) -> str:
    if encoding == "cp949" and not piece.isascii() and _holds_hangul(_as_utf8(piece)):
        # From a UTF-8 file put behind a CP949 one: better rejected than read as hanja that nobody wrote.
        encoding = "ascii"
    return piece.decode(encoding, "surrogateescape")


def _holds_hangul(text: str | None) -> bool:
    return text is not None and any("가" <= char <= "힣" for char in text)
