"""The workings of ``nlp.reviews.read_csv``: bytes → text → records → reviews and rejections."""

from __future__ import annotations

import codecs
import csv
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nlp.reviews import KST, Import, Rejected, Review, UnreadableFile
from nlp.text import mask, storable

#: A quoted field may hold line breaks. A record longer than this is a forgotten quotation mark, not a review.
_MAX_RECORD_LINES = 400
_MAX_FIELD = 100_000

_COLUMNS: dict[str, frozenset[str]] = {
    "date": frozenset({"date", "at", "datetime", "created", "createdat", "updated", "날짜", "작성일", "작성일시", "등록일"}),
    "star": frozenset({"star", "stars", "rating", "score", "별점", "평점", "점수"}),
    "review": frozenset({"review", "content", "text", "body", "comment", "리뷰", "내용", "후기", "본문"}),
    "title": frozenset({"title", "subject", "제목"}),
    "likes": frozenset({"like", "likes", "thumbsup", "thumbsupcount", "votes", "helpful", "좋아요", "추천", "공감"}),
    "user": frozenset({"user", "username", "author", "name", "nickname", "작성자", "이름", "닉네임", "사용자"}),
    "app": frozenset({"app", "appid", "storeid", "trackid", "앱", "앱id", "앱아이디"}),
}
_NEEDED = ("date", "star", "review")
_FILE_NAME = re.compile(r"appstore_([A-Za-z0-9._]+?)\.csv", re.IGNORECASE)
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx (a zip archive) and .xls


def parse(data: bytes, *, filename: str | None, app: str | None, author_key: bytes | None) -> Import:
    """See ``nlp.reviews.read_csv``."""
    text, encoding = _decode(data)
    lines = text.splitlines(keepends=True) if "\n" not in text else _lines(text)
    head, first = _header(lines)
    header = _find_columns(lines[head])
    if app is None and filename and (named := _FILE_NAME.search(filename.replace("\\", "/").rsplit("/", 1)[-1])):
        app = named[1]
    if app is None and "app" not in header.columns:
        raise UnreadableFile(
            "어느 앱의 후기인지 알 수 없습니다. 파일 이름을 appstore_<앱 id>.csv로 하거나 APP 열을 넣어 주세요.",
            "Which app is this? Name the file appstore_<app id>.csv or add an APP column.",
        )
    reader = _RowReader(header, app, author_key)
    reviews: list[Review] = []
    rejected: list[Rejected] = []
    for record in _records(lines, first, header.delimiter):
        outcome = reader.read(record)
        if isinstance(outcome, Review):
            reviews.append(outcome)
        else:
            rejected.append(outcome)
    return Import(tuple(reviews), tuple(rejected), encoding)


# --- bytes → text -------------------------------------------------------------------------------------


def _decode(data: bytes) -> tuple[str, str]:
    if not data.strip():
        raise UnreadableFile("빈 파일입니다.", "The file is empty.")
    if data.startswith(_EXCEL):
        raise UnreadableFile(
            "엑셀(또는 압축) 파일입니다. 엑셀에서 'CSV UTF-8'로 저장해서 올려 주세요.",
            "This is an Excel workbook or an archive. Save it as 'CSV UTF-8' and import that.",
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile(
            "UTF-16으로 저장된 파일입니다. UTF-8 CSV로 다시 저장해 주세요.",
            "The file is UTF-16. Save it again as UTF-8 CSV.",
        )
    sample = data[:65536]
    odd = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    if odd > len(sample) // 100 + 2:
        raise UnreadableFile("글자로 된 파일이 아닙니다(이진 파일).", "This is a binary file, not text.")
    encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        pass
    # Nearly all UTF-8 with a few broken bytes: keep them as surrogates, so that only their rows are rejected.
    salvaged = data.decode(encoding, "surrogateescape")
    broken = sum("\udc80" <= char <= "\udcff" for char in salvaged)
    if encoding == "utf-8-sig" or broken * 20 < sum(char > "\x7f" for char in salvaged):
        return salvaged, encoding
    try:
        return data.decode("cp949"), "cp949"
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"글자를 읽을 수 없습니다. UTF-8도 CP949도 아닙니다({error.start}번째 바이트).",
            f"Neither UTF-8 nor CP949: unreadable byte at {error.start}.",
        ) from None


def _lines(text: str) -> list[str]:
    # Not str.splitlines: it also breaks at U+2028, form feeds and the like, which belong to a review's text.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


# --- header -------------------------------------------------------------------------------------------


def _header(lines: list[str]) -> tuple[int, int]:
    for index, line in enumerate(lines):
        if line.strip():
            return index, index + 1
    raise UnreadableFile("빈 파일입니다.", "The file is empty.")


@dataclass(frozen=True, slots=True)
class _Header:
    """Where each column is, and how many cells a row must have: a shifted row must not be misread."""

    columns: dict[str, int]
    width: int
    delimiter: str


def _find_columns(line: str) -> _Header:
    header = max((_named(line, delimiter) for delimiter in ",\t;"), key=lambda found: len(found.columns))
    missing = ", ".join(name.upper() for name in _NEEDED if name not in header.columns)
    if missing:
        raise UnreadableFile(
            f"첫 줄에 필요한 열이 없습니다: {missing}.", f"The first line lacks these columns: {missing}."
        )
    return header


def _named(line: str, delimiter: str) -> _Header:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = re.sub(r"[\s_\-\ufeff]", "", cell).lower()
        for column, names in _COLUMNS.items():
            if name in names:
                columns.setdefault(column, index)
    return _Header(columns, len(cells), delimiter)


# --- text → records -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    last_line: int
    cells: list[str]
    broken: tuple[str, str] | None = None


def _records(lines: list[str], start: int, delimiter: str) -> Iterator[_Record]:
    """Records of ``lines[start:]``. What cannot be parsed costs its first line; reading goes on behind it."""
    at = start
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        taken = 0

        def feed() -> Iterator[str]:
            nonlocal taken
            # Bound to this turn of the loop and used up within it.
            for index in range(at, min(at + _MAX_RECORD_LINES, len(lines))):
                taken += 1
                yield lines[index]

        broken: tuple[str, str] | None = None
        cells: list[str] = []
        if len(lines[at]) > _MAX_FIELD:
            broken, taken = ("한 줄이 너무 깁니다", "the line is too long"), 1
        else:
            try:
                cells = next(csv.reader(feed(), delimiter=delimiter, strict=True), [])
            except csv.Error:
                broken = ("따옴표가 맞지 않아 줄을 나눌 수 없습니다", "cannot be split into cells: quotation marks do not match")
                taken = 1
        yield _Record(at + 1, at + taken, cells, broken)
        at += taken


# --- records → reviews --------------------------------------------------------------------------------


class _RowReader:
    """Turns records into reviews; knows the columns, the app and how authors are hashed."""

    def __init__(self, header: _Header, app: str | None, author_key: bytes | None) -> None:
        self._columns = header.columns
        self._width = header.width
        self._app = app
        self._author_key = author_key

    def read(self, record: _Record) -> Review | Rejected:
        if record.broken:
            return Rejected(record.line, *record.broken)
        cells = record.cells
        while len(cells) > self._width and not cells[-1].strip():
            cells.pop()
        if len(cells) != self._width:
            span = "" if record.last_line == record.line else f" ({record.line}–{record.last_line})"
            return Rejected(
                record.line,
                f"칸이 {self._width}개가 아니라 {len(cells)}개입니다{span}",
                f"{len(cells)} cells instead of {self._width}{span}",
            )
        return self._review(record.line, cells)

    def _review(self, line: int, cells: list[str]) -> Review | Rejected:
        if any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
            return Rejected(line, "깨진 글자가 있습니다", "broken characters")
        star = _star(self._cell(cells, "star"))
        if star is None:
            shown = _shown(self._cell(cells, "star"))
            return Rejected(line, f"별점이 1–5가 아닙니다: {shown}", f"not a star rating of 1–5: {shown}")
        at = _date(self._cell(cells, "date"))
        if at is None:
            shown = _shown(self._cell(cells, "date"))
            return Rejected(line, f"날짜를 읽을 수 없습니다: {shown}", f"unreadable date: {shown}")
        likes = _count(self._cell(cells, "likes"))
        if likes is None:
            shown = _shown(self._cell(cells, "likes"))
            return Rejected(line, f"좋아요 수가 숫자가 아닙니다: {shown}", f"likes is not a number: {shown}")
        title, text = self._cell(cells, "title"), self._cell(cells, "review")
        if not title.strip() and not text.strip():
            return Rejected(line, "제목과 내용이 비어 있습니다", "neither title nor text")
        app = self._cell(cells, "app").strip() or self._app
        if not app:
            return Rejected(line, "앱 id가 없습니다", "no app id")
        author = self._author(self._cell(cells, "user"))
        return Review(app, at, star, likes, mask(storable(title)), mask(storable(text)), author)

    def _cell(self, cells: list[str], column: str) -> str:
        index = self._columns.get(column)
        return "" if index is None else cells[index]

    def _author(self, name: str) -> str:
        name = name.strip()
        if not name:
            return ""
        raw = f"review-author|{name}".encode("utf-8", "surrogatepass")
        if self._author_key is None:
            return hashlib.sha256(raw).hexdigest()[:12]
        return hmac.new(self._author_key, raw, hashlib.sha256).hexdigest()[:12]


def _shown(cell: str) -> str:
    """A cell as a rejection may quote it: short, on one line, masked."""
    return mask(" ".join(storable(cell).split()))[:40] or "''"


def _star(cell: str) -> int | None:
    match = re.fullmatch(r"([1-5])(?:\.0+)?", cell.strip(), re.ASCII)
    return int(match[1]) if match else None


def _count(cell: str) -> int | None:
    cell = cell.strip().replace(",", "")
    if not cell:
        return 0
    match = re.fullmatch(r"(\d{1,9})(?:\.0+)?", cell, re.ASCII)
    return int(match[1]) if match else None


_DATE = re.compile(
    r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[일.]?"
    r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def _date(cell: str) -> datetime | None:
    match = _DATE.fullmatch(cell.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    iso = f"{year}-{int(month):02}-{int(day):02}T{int(hour or 0):02}:{minute or '00'}:{second or '00'}"
    try:
        at = datetime.fromisoformat(iso + (offset or "").upper())
        return at.astimezone(KST) if offset else at.replace(tzinfo=KST)
    except (ValueError, OverflowError):
        return None
