"""The workings of ``nlp.reviews.read_csv``: bytes → text → records (rows: ``csvrows``)."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator

from nlp.csvrows import Header, Record, RowReader
from nlp.reviews import Import, Rejected, Review, UnreadableFile

#: A quoted field may hold line breaks. A record longer than this is a forgotten quotation mark, not a review.
_MAX_RECORD_LINES = 400
_MAX_FIELD = 100_000
_UNBALANCED = ("따옴표가 맞지 않습니다", "quotation marks do not match")

_COLUMNS: dict[str, frozenset[str]] = {
    "date": frozenset(
        {"date", "at", "datetime", "created", "createdat", "updated", "날짜", "작성일", "작성일시", "등록일"}
    ),
    "star": frozenset({"star", "stars", "rating", "score", "별점", "평점", "점수"}),
    "review": frozenset({"review", "content", "text", "body", "comment", "리뷰", "내용", "후기", "본문"}),
    "title": frozenset({"title", "subject", "제목"}),
    "likes": frozenset(
        {"like", "likes", "thumbsup", "thumbsupcount", "votes", "helpful", "좋아요", "추천", "공감"}
    ),
    "user": frozenset(
        {"user", "username", "author", "name", "nickname", "작성자", "이름", "닉네임", "사용자"}
    ),
    "app": frozenset({"app", "appid", "storeid", "trackid", "앱", "앱id", "앱아이디"}),
}
_NEEDED = ("date", "star", "review")
# A browser that downloads a file twice calls the second one "appstore_1 (1).csv".
_FILE_NAME = re.compile(r"appstore_([A-Za-z0-9._]+?)(?: ?\(\d+\))?\.csv", re.IGNORECASE)
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx (a zip archive) and .xls


def parse(data: bytes, *, filename: str | None, app: str | None, author_key: bytes | None) -> Import:
    """See ``nlp.reviews.read_csv``."""
    text, encoding = _decode(data)
    lines = text.splitlines(keepends=True) if "\n" not in text else _lines(text)
    head, first = _header(lines)
    header = _find_columns(lines[head])
    app = app or _app_of(filename or "")
    if app is None and "app" not in header.columns:
        raise UnreadableFile(
            "어느 앱의 후기인지 알 수 없습니다. 파일 이름을 appstore_<앱 id>.csv로 하거나 "
            "APP 열을 넣어 주세요.",
            "Which app is this? Name the file appstore_<app id>.csv or add an APP column.",
        )
    reader = RowReader(header, app, author_key)
    reviews: list[Review] = []
    rejected: list[Rejected] = []
    for record in _records(lines, first, header):
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


def _app_of(filename: str) -> str | None:
    named = _FILE_NAME.search(re.split(r"[/\\]", filename)[-1])
    return named[1] if named else None


def _header(lines: list[str]) -> tuple[int, int]:
    for index, line in enumerate(lines):
        if line.strip():
            return index, index + 1
    raise UnreadableFile("빈 파일입니다.", "The file is empty.")


def _find_columns(line: str) -> Header:
    header = max((_named(line, delimiter) for delimiter in ",\t;"), key=lambda found: len(found.columns))
    missing = ", ".join(name.upper() for name in _NEEDED if name not in header.columns)
    if missing:
        raise UnreadableFile(
            f"첫 줄에 필요한 열이 없습니다: {missing}.", f"The first line lacks these columns: {missing}."
        )
    return header


def _named(line: str, delimiter: str) -> Header:
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
    return Header(columns, len(cells), delimiter)


# --- text → records -----------------------------------------------------------------------------------


class _Feed:
    """Lines for one record, as many as a record may have; ``at`` is the first not yet given."""

    def __init__(self, lines: list[str], at: int) -> None:
        self._lines = lines
        self.at = at
        self._end = min(at + _MAX_RECORD_LINES, len(lines))

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.at >= self._end:
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1]


def _records(lines: list[str], start: int, header: Header) -> Iterator[Record]:
    """Records of ``lines[start:]``.

    What cannot be parsed costs one line and reading goes on behind it, so that a forgotten quotation mark
    does not swallow the rows that follow.
    """
    at = start
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        feed = _Feed(lines, at)
        broken: tuple[str, str] | None = None
        cells: list[str] = []
        if len(lines[at]) > _MAX_FIELD:
            broken = ("한 줄이 너무 깁니다", "the line is too long")
        else:
            try:
                cells = next(csv.reader(feed, delimiter=header.delimiter, strict=True), [])
            except csv.Error:
                broken = _UNBALANCED
            if feed.at > at + 1 and len(cells) < header.width:
                broken = _UNBALANCED
        end = at + 1 if broken else feed.at
        yield Record(at + 1, end, cells, broken)
        at = end
