"""The workings of ``nlp.reviews.read_file``: text → records (rows: ``csvrows``)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from nlp import sheets
from nlp.csvrows import Header, Record, RowReader
from nlp.decoding import decoded, lines_of
from nlp.reviews import Import, Rejected, Review, UnreadableFile

#: A quoted field may hold line breaks. A record longer than this is a forgotten quotation mark, not a review.
_MAX_RECORD_LINES = 400
_MAX_FIELD = 100_000
_UNBALANCED = ("따옴표가 맞지 않습니다", "quotation marks do not match")

_COLUMNS: dict[str, frozenset[str]] = {
    "date": frozenset(
        {
            "date",
            "at",
            "datetime",
            "created",
            "createdat",
            "updated",
            "time",
            "timestamp",
            "날짜",
            "작성시각",
            "일시",
            "작성일",
            "작성일시",
            "등록일",
        }
    ),
    "star": frozenset({"star", "stars", "rating", "score", "별점", "평점", "점수"}),
    "review": frozenset(
        {
            "review",
            "reviewtext",
            "reviewbody",
            "content",
            "contents",
            "text",
            "body",
            "comment",
            "message",
            "리뷰",
            "리뷰내용",
            "내용",
            "후기",
            "후기내용",
            "본문",
        }
    ),
    "title": frozenset({"title", "subject", "제목"}),
    "likes": frozenset(
        {"like", "likes", "thumbsup", "thumbsupcount", "votes", "helpful", "좋아요", "추천", "공감"}
    ),
    "user": frozenset(
        {"user", "username", "author", "name", "nickname", "작성자", "이름", "닉네임", "사용자"}
    ),
    "app": frozenset({"app", "appid", "storeid", "trackid", "앱", "앱id", "앱아이디", "패키지", "package"}),
    "store": frozenset({"store", "market", "platform", "스토어", "마켓", "플랫폼"}),
    "id": frozenset({"id", "reviewid", "리뷰id", "후기id"}),
    "version": frozenset({"version", "appversion", "reviewcreatedversion", "버전", "앱버전"}),
}
_NEEDED = ("date", "star", "review")
# A browser that downloads a file twice calls the second one "appstore_1 (1).csv".
_FILE_NAME = re.compile(
    r"(?:appstore|googleplay)_([A-Za-z0-9._]+?)(?: ?\(\d+\))?\.(?:csv|tsv|xlsx|jsonl?|txt)", re.IGNORECASE
)


def parse(
    data: bytes,
    *,
    filename: str | None,
    app: str | None,
    author_key: bytes | None,
    now: datetime | None = None,
) -> Import:
    """See ``nlp.reviews.read_file``."""
    kind = sheets.kind_of(data, filename or "")
    if kind:
        rows = sheets.rows_of(data, kind)
        encoding: str = kind
        head = next(rows, None)
        if head is None:
            raise UnreadableFile("빈 파일입니다.", "The file is empty.")
        header = _header_of(head[1], ",")
        found: Iterable[Record] = (Record(line, line, cells) for line, cells in rows)
    else:
        text, encoding = decoded(data)
        lines = lines_of(text)
        at, first = _header(lines)
        header = _complete(header_in(lines[at]))
        found = records(lines, first, header)
    app = app or _app_of(filename or "")
    if app is None and "app" not in header.columns:
        raise UnreadableFile(
            "어느 앱의 후기인지 알 수 없습니다. 파일 이름을 appstore_<앱 id>.csv로 하거나 "
            "APP 열을 넣어 주세요.",
            "Which app is this? Name the file appstore_<app id>.csv or add an APP column.",
        )
    reader = RowReader(header, app, author_key, now)
    reviews: list[Review] = []
    rejected: list[Rejected] = []
    for record in found:
        outcome = reader.read(record)
        if isinstance(outcome, Review):
            reviews.append(outcome)
        else:
            rejected.append(outcome)
    return Import(tuple(reviews), tuple(rejected), encoding)


# --- header -------------------------------------------------------------------------------------------


def _app_of(filename: str) -> str | None:
    named = _FILE_NAME.search(re.split(r"[/\\]", filename)[-1])
    return named[1] if named else None


def _header(lines: list[str]) -> tuple[int, int]:
    for index, line in enumerate(lines):
        if line.strip():
            return index, index + 1
    raise UnreadableFile("빈 파일입니다.", "The file is empty.")


def header_in(line: str) -> Header:
    """The columns of a heading line, parted by whichever mark finds most that we know."""
    return max((_named(line, delimiter) for delimiter in ",\t;"), key=lambda found: len(found.columns))


def _header_of(cells: list[str], delimiter: str) -> Header:
    return _complete(Header(columns_of(cells), len(cells), delimiter))


def _complete(header: Header) -> Header:
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
    return Header(columns_of(cells), len(cells), delimiter)


def columns_of(cells: Sequence[str]) -> dict[str, int]:
    """Our name of a column → its place, for every heading that we know."""
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = re.sub(r"[\s_\-\ufeff]", "", cell).lower()
        for column, names in _COLUMNS.items():
            if name in names:
                columns.setdefault(column, index)
    return columns


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
