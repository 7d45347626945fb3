"""The workings of ``nlp.reviews.read_file``: a file's tables → records (rows: ``csvrows``)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from nlp import sheets
from nlp.csvrows import Header, Record, RowReader, quoted
from nlp.decoding import decoded, lines_of
from nlp.headings import columns_of, lacking
from nlp.reviews import Import, Rejected, Review, UnreadableFile

#: A quoted field may hold line breaks. A record longer than this is a forgotten quotation mark, not a review.
_MAX_RECORD_LINES = 400
_MAX_FIELD = 100_000
_UNBALANCED = ("따옴표가 맞지 않습니다", "quotation marks do not match")

# A browser that downloads a file twice calls the second one "appstore_1 (1).csv".
_FILE_NAME = re.compile(
    r"(appstore|googleplay)_([A-Za-z0-9._]+?)(?: ?\(\d+\))?\.(?:csv|tsv|xlsx|jsonl?|txt)", re.IGNORECASE
)
#: As Excel calls the sheet of such a file, when it was opened there and put into a workbook of several.
_SHEET_NAME = re.compile(r"(appstore|googleplay)_([A-Za-z0-9._]+)", re.IGNORECASE)
#: So many sheets are named when none of a workbook can be read.
_NAMED_SHEETS = 5


@dataclass(frozen=True)
class _Table:
    """One table of a file. ``name``: of its sheet, ``''`` where there are none; ``line``: of its heading."""

    name: str
    line: int
    header: Header
    records: Iterable[Record]


@dataclass
class _Part:
    """What a table gave, or in both languages why it was not read; ``last``: the last line looked at."""

    name: str
    last: int
    reviews: list[Review]
    rejected: list[Rejected]
    unread: tuple[str, str] | None = None


def parse(
    data: bytes,
    *,
    filename: str | None,
    app: str | None,
    author_key: bytes | None,
    now: datetime | None = None,
) -> Import:
    """See ``nlp.reviews.read_file``."""
    encoding, tables = _tables(data, filename or "")
    store, named = _store_and_app(_FILE_NAME.search(re.split(r"[/\\]", filename or "")[-1]))
    parts: list[_Part] = []
    for table in tables:
        own_store, own_app = _store_and_app(_SHEET_NAME.fullmatch(table.name))
        reader = RowReader(table.header, app or own_app or named, author_key, now, own_store or store)
        parts.append(_part(table, reader))
    read = [part for part in parts if part.unread is None]
    if not read:
        raise _nothing_in(parts)
    return Import(
        tuple(review for part in read for review in part.reviews),
        tuple(_rejected(parts)),
        encoding,
        tuple(part.name for part in read if len(parts) > 1),
        tuple(part.name for part in parts if part.unread),
    )


def _tables(data: bytes, filename: str) -> tuple[str, Iterator[_Table]]:
    """The encoding, or what kind of file it is, and its tables."""
    kind = sheets.kind_of(data, filename)
    if kind:
        return kind, (table for sheet in sheets.sheets_of(data, kind) for table in _sheet(sheet))
    text, encoding = decoded(data)
    lines = lines_of(text)
    at = _first(lines)
    header = header_in(lines[at])
    return encoding, iter([_Table("", at + 1, header, records(lines, at + 1, header))])


def _sheet(sheet: sheets.Sheet) -> Iterator[_Table]:
    """The table of a sheet; none if it is empty."""
    head = next(sheet.rows, None)
    if head is not None:
        header = Header(columns_of(head[1]), len(head[1]), ",")
        found = (Record(line, line, cells) for line, cells in sheet.rows)
        yield _Table(quoted(sheet.name), head[0], header, found)


def _part(table: _Table, reader: RowReader) -> _Part:
    part = _Part(table.name, table.line, [], [], _why_not(table.header, reader))
    if part.unread is None:
        for record in table.records:
            outcome = reader.read(record)
            if isinstance(outcome, Review):
                part.reviews.append(outcome)
            else:
                part.rejected.append(outcome)
            part.last = record.line
    return part


def _why_not(header: Header, reader: RowReader) -> tuple[str, str] | None:
    """Why no review can come of a table with this heading, if so."""
    if missing := lacking(header.columns):
        return f"첫 줄에 필요한 열이 없습니다: {missing}.", f"The first line lacks these columns: {missing}."
    if reader.app is None and "app" not in header.columns:
        return (
            "어느 앱의 후기인지 알 수 없습니다. 파일 이름을 appstore_<앱 id>.csv로 하거나 APP 열을 넣어 주세요.",
            "Which app is this? Name the file appstore_<app id>.csv or add an APP column.",
        )
    return None


def _rejected(parts: list[_Part]) -> Iterator[Rejected]:
    """Rejections in order; where there are several sheets, with their names and with lines of their own."""
    before = 0
    for part in parts:
        for row in part.rejected:
            if len(parts) == 1:
                yield row
                continue
            ko, en = f"시트 '{part.name}' {row.line}행: ", f"sheet '{part.name}', row {row.line}: "
            yield replace(
                row, line=before + row.line, reason_ko=ko + row.reason_ko, reason_en=en + row.reason_en
            )
        if part.unread:
            ko, en = part.unread
            yield Rejected(
                before + part.last,
                f"시트 '{part.name}'은(는) 읽지 않았습니다. {ko}",
                f"sheet '{part.name}' was not read. {en}",
            )
        before += part.last


def _nothing_in(parts: list[_Part]) -> UnreadableFile:
    whys = [(part.name, *part.unread) for part in parts if part.unread]
    if not whys:
        return UnreadableFile("빈 파일입니다.", "The file is empty.")
    if len(whys) == 1:
        return UnreadableFile(*whys[0][1:])
    more = " …" if len(whys) > _NAMED_SHEETS else ""
    ko = " ".join(f"'{name}': {why}" for name, why, _ in whys[:_NAMED_SHEETS]) + more
    en = " ".join(f"'{name}': {why}" for name, _, why in whys[:_NAMED_SHEETS]) + more
    return UnreadableFile(
        f"후기로 읽을 수 있는 시트가 없습니다. {ko}", f"None of the sheets can be read as reviews. {en}"
    )


def _store_and_app(named: re.Match[str] | None) -> tuple[str, str | None]:
    return (named[1].lower(), named[2]) if named else ("", None)


# --- header -------------------------------------------------------------------------------------------


def _first(lines: list[str]) -> int:
    for index, line in enumerate(lines):
        if line.strip():
            return index
    raise UnreadableFile("빈 파일입니다.", "The file is empty.")


def header_in(line: str) -> Header:
    """The columns of a heading line, parted by whichever mark finds most that we know."""
    return max((_named(line, delimiter) for delimiter in ",\t;"), key=lambda found: len(found.columns))


def _named(line: str, delimiter: str) -> Header:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    return Header(columns_of(cells), len(cells), delimiter)


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


def records(lines: list[str], start: int, header: Header) -> Iterator[Record]:
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
