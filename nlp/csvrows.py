"""Rows of a review CSV: a record becomes a review or is rejected with its reason."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from nlp.decoding import UNDECODED
from nlp.reviews import KST, Rejected, Review, credible
from nlp.text import mask, storable


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column is, and how many cells a row must have: a shifted row must not be misread."""

    columns: dict[str, int]
    width: int
    delimiter: str


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row, the lines it stands on, and in both languages why it is broken, if it is."""

    line: int
    last_line: int
    cells: list[str]
    broken: tuple[str, str] | None = None


class RowReader:
    """Turns records into reviews; knows the columns, how authors are hashed, and the present.

    ``app`` and ``store`` are those of rows that do not say.
    """

    def __init__(
        self,
        header: Header,
        app: str | None,
        author_key: bytes | None,
        now: datetime | None = None,
        store: str = "",
    ) -> None:
        self._columns = header.columns
        self._width = header.width
        self.app = app
        self._store = store
        self._author_key = author_key
        self._now = now or datetime.now(KST)  # one for all rows of a file

    def read(self, record: Record) -> Review | Rejected:
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
        if any(UNDECODED.search(cell) for cell in cells):
            return Rejected(line, "깨진 글자가 있습니다", "broken characters")
        star = _star(self._cell(cells, "star"))
        if star is None:
            shown = quoted(self._cell(cells, "star"))
            return Rejected(line, f"별점이 1–5가 아닙니다: {shown}", f"not a star rating of 1–5: {shown}")
        at = _date(self._cell(cells, "date"))
        if at is None:
            shown = quoted(self._cell(cells, "date"))
            return Rejected(line, f"날짜를 읽을 수 없습니다: {shown}", f"unreadable date: {shown}")
        if not credible(at, self._now):
            shown = quoted(self._cell(cells, "date"))
            return Rejected(
                line,
                f"앱 장터가 없던 때(2007년 전)나 앞날의 날짜입니다: {shown}",
                f"a date before there were app stores (2007) or to come: {shown}",
            )
        likes = _count(self._cell(cells, "likes"))
        if likes is None:
            shown = quoted(self._cell(cells, "likes"))
            return Rejected(line, f"좋아요 수가 숫자가 아닙니다: {shown}", f"likes is not a number: {shown}")
        title, text = self._cell(cells, "title"), self._cell(cells, "review")
        if not title.strip() and not text.strip():
            return Rejected(line, "제목과 내용이 비어 있습니다", "neither title nor text")
        app = self._cell(cells, "app").strip() or self.app
        if not app:
            return Rejected(line, "앱 id가 없습니다", "no app id")
        author = hashed_author(self._cell(cells, "user"), self._author_key)
        return Review(
            app=app,
            at=at,
            star=star,
            likes=likes,
            title=mask(storable(title)),
            text=mask(storable(text)),
            author=author,
            store=self._store_in(self._cell(cells, "store")),
            store_id=storable(self._cell(cells, "id").strip())[:200],
            version=storable(self._cell(cells, "version").strip())[:40],
        )

    def _store_in(self, cell: str) -> str:
        """The store that a cell names, ``''`` for one we do not know; the file's own where it names none."""
        name = re.sub(r"[\s_-]", "", cell).lower()
        return _STORES.get(name, "") if name else self._store

    def _cell(self, cells: list[str], column: str) -> str:
        index = self._columns.get(column)
        return "" if index is None else cells[index]


def hashed_author(name: str, key: bytes | None) -> str:
    """What stands for an author: 12 hex digits of a hash, keyed where there is a key; ``''`` for nobody."""
    name = name.strip()
    if not name:
        return ""
    raw = f"review-author|{name}".encode("utf-8", "surrogatepass")
    if key is None:
        return hashlib.sha256(raw).hexdigest()[:12]
    return hmac.new(key, raw, hashlib.sha256).hexdigest()[:12]


_STORES = {
    "appstore": "appstore", "apple": "appstore", "ios": "appstore", "앱스토어": "appstore",
    "googleplay": "googleplay", "google": "googleplay", "playstore": "googleplay", "android": "googleplay",
    "구글플레이": "googleplay", "플레이스토어": "googleplay",
}  # fmt: skip


def quoted(cell: str) -> str:
    """What a file says as a rejection may quote it: short, on one line, masked."""
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
    r"(?:[T ,]\s*(오전|오후|am|pm)?\s*(\d{1,2})\s*[:시]\s*(\d{1,2})\s*분?(?::(\d{2})(?:\.\d+)?)?"
    r"\s*(오전|오후|am|pm)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?", re.ASCII)


def _date(cell: str) -> datetime | None:
    if epoch := _EPOCH.fullmatch(cell.strip()):
        return datetime.fromtimestamp(int(epoch[1]), KST)
    match = _DATE.fullmatch(cell.strip())
    if not match:
        return None
    year, month, day, before, hour, minute, second, after, offset = match.groups()
    half = (before or after or "").lower()
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half in ("오후", "pm") else 0)
    iso = f"{year}-{int(month):02}-{int(day):02}T{hours:02}:{int(minute or 0):02}:{second or '00'}"
    try:
        at = datetime.fromisoformat(iso + (offset or "").upper())
        return at.astimezone(KST) if offset else at.replace(tzinfo=KST)
    except (ValueError, OverflowError):
        return None
