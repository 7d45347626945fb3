"""Reads the official register of clinics: 전국의료기관 표준데이터, the licences of LOCALDATA, or HIRA's list.

A CSV (UTF-8 with or without a mark, or CP949), or a ZIP of such files, which then are one register. Columns are
known by their names, so their order and whatever else is there do not matter. Coordinates are degrees (WGS84) or
metres of EPSG:5174; which of the two is seen from the numbers.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from app.regions.clinic_rows import Raw, Reader, Taken

MOST_BYTES = 400 * 1024 * 1024
"""Of all files of a ZIP together, unpacked: ten times what the whole country needs."""
BATCH = 2000

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("의료기관명", "사업장명", "요양기관명"),
    "kind": ("의료기관종별", "의료기관종별명", "종별코드명", "업태구분명"),
    "road": ("소재지도로명주소", "도로명전체주소", "도로명주소", "주소"),
    "lot": ("소재지지번주소", "소재지전체주소", "지번주소"),
    "telephone": ("의료기관전화번호", "소재지전화", "소재지전화번호", "전화번호"),
    "departments": ("진료과목내용명", "진료과목", "진료과목명", "진료과목내용"),
    "status": ("영업상태명", "운영상태", "영업상태"),
    "closed_on": ("폐업일자",),
    "number": ("관리번호", "암호화요양기호", "요양기호"),
    "latitude": ("위도", "wgs84위도"),
    "longitude": ("경도", "wgs84경도"),
    "x": ("좌표정보(x)", "좌표(x)", "좌표정보x(epsg5174)", "좌표정보x"),
    "y": ("좌표정보(y)", "좌표(y)", "좌표정보y(epsg5174)", "좌표정보y"),
}
"""What is read, and what it is called in the files (small letters, no spaces). The first that is there counts."""


class UnreadableFile(Exception):
    """The file as a whole is no register; the reasons say what to do."""

    def __init__(self, reason_ko: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_ko, self.reason_en = reason_ko, reason_en


@dataclass
class Batch:
    """What some rows of the file came to, and how much of it has been read (0 to 1)."""

    taken: Taken
    share: float
    encoding: str


@dataclass
class _Part:
    """One CSV: its name within a ZIP (empty for a file of its own), its bytes, and where they lie in the whole."""

    name: str
    stream: IO[bytes]
    encoding: str
    before: int
    whole: int


def read(content: bytes) -> Iterator[Batch]:
    """Yield what the register says, `BATCH` rows at a time. Raises `UnreadableFile`, also on the way."""
    reader = Reader()
    for part in _parts(content):
        yield from _batches(part, reader)


def _parts(content: bytes) -> Iterator[_Part]:
    if not content.startswith(b"PK"):
        alone = io.BytesIO(content)
        yield _Part("", alone, _encoding(alone), 0, max(1, len(content)))
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [one for one in archive.infolist() if one.filename.lower().endswith(".csv")]
            whole, before = sum(one.file_size for one in inside), 0
            if not inside:
                raise UnreadableFile(
                    "압축 파일 안에 CSV 파일이 없습니다. 엑셀 파일이라면 ‘CSV (쉼표로 분리)’로 저장해 다시 올려 주세요.",
                    "There is no CSV file in it. If it is an Excel file, save it as CSV and upload it again.",
                )
            if whole > MOST_BYTES:
                raise UnreadableFile(
                    "압축을 풀면 너무 큽니다. 의료기관 파일만 넣어 다시 압축해 주세요.",
                    "It is too large once unpacked. Please pack only the files of medical institutions.",
                )
            for one in sorted(inside, key=lambda one: one.filename):
                with archive.open(one) as stream:
                    yield _Part(_member(one), stream, _encoding(stream), before, max(1, whole))
                before += one.file_size
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise UnreadableFile(
            "압축 파일이 깨졌거나 비밀번호가 걸려 있습니다. 다시 내려받아 올려 주세요.",
            "The ZIP file is damaged or has a password. Please download it once more and upload it again.",
        ) from error


def _member(one: zipfile.ZipInfo) -> str:
    """The file's name in the ZIP. Korean Windows writes it in CP949, which the format calls CP437."""
    name = one.filename
    if not one.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("cp949")
    return name.rsplit("/", 1)[-1][:120]


def _encoding(stream: IO[bytes]) -> str:
    """Find the encoding by reading to the end: what is no UTF-8 throughout is CP949."""
    start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile(
            "유니코드(UTF-16)로 저장된 파일입니다. ‘CSV UTF-8’로 저장해 다시 올려 주세요.",
            "The file is saved as UTF-16. Save it as “CSV UTF-8” and upload it again.",
        )
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        decoder.decode(start)
        while chunk := stream.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp949"
    finally:
        stream.seek(0)
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


def _batches(part: _Part, reader: Reader) -> Iterator[Batch]:
    # A byte that is none of CP949 becomes a mark, by which its row is known and rejected.
    text = io.TextIOWrapper(part.stream, part.encoding, errors="replace", newline="")
    try:
        header = text.readline()
        delimiter = "\t" if "\t" in header and "," not in header else ","
        names = next(csv.reader([header], delimiter=delimiter), [])
        columns = _columns(names, part.name)
        rows = csv.reader(text, delimiter=delimiter)
        taken, count, begins = Taken(), 0, 2
        for cells in rows:
            line, begins = begins, rows.line_num + 2
            if not any(cell.strip() for cell in cells):
                continue
            whole = len(cells) > max(columns.values()) and not any(cells[len(names) :])
            reader.take(_raw(cells, columns), taken, part.name, line, whole=whole)
            count += 1
            if count % BATCH == 0:
                yield _batch(reader, taken, part)
                taken = Taken()
        yield _batch(reader, taken, part)
    except csv.Error as error:
        raise UnreadableFile(
            "표의 따옴표가 맞지 않아 끝까지 읽지 못했습니다. 원본을 다시 내려받아 올려 주세요.",
            "The quotes of the table do not match up. Please download the original once more and upload it.",
        ) from error
    finally:
        text.detach()


def _batch(reader: Reader, taken: Taken, part: _Part) -> Batch:
    reader.place(taken)
    return Batch(taken, min(1.0, (part.before + part.stream.tell()) / part.whole), part.encoding)


def _columns(header: list[str], part: str) -> dict[str, int]:
    """Return what is read → where it stands."""
    names = ["".join(name.split()).lower().strip("\ufeff\"'") for name in header]
    found = {
        meaning: names.index(next(name for name in known if name in names))
        for meaning, known in COLUMNS.items()
        if any(name in names for name in known)
    }
    missing_ko, missing_en = [], []
    if "name" not in found:
        missing_ko.append("의료기관명(또는 사업장명, 요양기관명)")
        missing_en.append("the name (의료기관명, 사업장명 or 요양기관명)")
    if "road" not in found and "lot" not in found:
        missing_ko.append("주소(소재지도로명주소, 소재지지번주소 …)")
        missing_en.append("the address (소재지도로명주소, 소재지지번주소 …)")
    if missing_ko:
        where_ko, where_en = (f"{part}: ", f"{part}: ") if part else ("", "")
        raise UnreadableFile(
            f"{where_ko}의료기관 자료의 열이 없습니다: {', '.join(missing_ko)}. 첫 줄이 열 이름인 CSV인지 확인해 주세요.",
            f"{where_en}Columns are missing: {', '.join(missing_en)}. The first line must hold the columns’ names.",
        )
    return found


def _raw(cells: list[str], columns: dict[str, int]) -> Raw:
    values = {
        meaning: cells[place].strip() if place < len(cells) else "" for meaning, place in columns.items()
    }
    return Raw(**values)
