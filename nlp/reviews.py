"""Store reviews from files: every row is read or rejected with its line and reason, none is lost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")
#: No store had apps to review before: Apple's opened in 2008.
EARLIEST = datetime(2007, 1, 1, tzinfo=KST)
#: By so much a clock may be wrong, or a date be of another time zone.
AHEAD = timedelta(days=2)

#: The stores' own ids of reviews are longer than this; what is shorter numbers the rows of a file.
SHORTEST_ID = 8


def credible(at: datetime, now: datetime | None = None) -> bool:
    """Whether a review can be of this time: after the first app stores, and not of a day to come.

    One far-away date would stretch every table of months over centuries. ``now``: aware, the present if not given.
    """
    return EARLIEST <= at <= (now or datetime.now(KST)) + AHEAD


def review_key(app: str, title: str, text: str) -> str:
    """The name of a review: the first 12 hex digits of sha256 of ``app|title|text``."""
    raw = f"{app}|{title}|{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Review:
    """One review as a store shows it.

    ``app``: store id, e.g. ``'517637141'``; ``at``: aware, Asia/Seoul; ``star``: 1–5; ``likes``: ≥ 0;
    ``title`` and ``text``: as written, save that e-mail addresses, telephone and resident registration
    numbers are masked and what no database can store (NUL, lone surrogates) is gone; ``author``: 12 hex
    digits of a hash, never a name, ``''`` where the store named nobody; ``store``: ``'appstore'``,
    ``'googleplay'`` or ``''``; ``store_id``: the store's own name of the review; ``version``: of the app, as
    the store names it. The last three are ``''`` where they are not known.
    """

    app: str
    at: datetime
    star: int
    likes: int
    title: str
    text: str
    author: str
    store: str = ""
    store_id: str = ""
    version: str = ""

    @property
    def key(self) -> str:
        """sha256 of ``app|TITLE|REVIEW`` (as held here, that is masked), 12 hex digits."""
        return review_key(self.app, self.title, self.text)

    @property
    def identity(self) -> tuple[str, str, datetime, str]:
        """App, author, time and key: rows in which these are equal are the same review, whatever its likes."""
        return (self.app, self.author, self.at, self.key)

    @property
    def in_store(self) -> tuple[str, str] | None:
        """Store and its own id of the review. A number of the row, or an id of nobody knows whose, is none."""
        known = self.store and len(self.store_id) >= SHORTEST_ID
        return (self.store, self.store_id) if known else None

    @property
    def body(self) -> str:
        """Title and text together: what is analysed."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not a review: the line of the file it starts on (1 is the header), and why.

    In a workbook of several sheets the lines of each follow on those of the one before, and the reason names
    sheet and row; a sheet that was not read is a row of its own.
    """

    line: int
    reason_ko: str
    reason_en: str


@dataclass(frozen=True)
class Import:
    """What a file held. ``encoding``: ``utf-8``, ``utf-8-sig``, ``utf-16``, ``cp949``, or ``xlsx`` or ``json``.

    ``sheets`` and ``sheets_left``: the names of a workbook's sheets that were read, if it has more than one, and
    of those that were not; empty ones do not count.
    """

    reviews: tuple[Review, ...]
    rejected: tuple[Rejected, ...]
    encoding: str
    sheets: tuple[str, ...] = ()
    sheets_left: tuple[str, ...] = ()


class UnreadableFile(Exception):
    """The file as a whole is no review CSV; the reason in both languages, one line each."""

    def __init__(self, reason_ko: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_ko = reason_ko
        self.reason_en = reason_en


def read_file(
    source: Path | bytes,
    *,
    filename: str | None = None,
    app: str | None = None,
    author_key: bytes | None = None,
    now: datetime | None = None,
) -> Import:
    """Read a file of reviews: CSV, TSV, Excel (.xlsx) or JSON (objects in an array, or one a line).

    Columns are found by name, in any order and case, in Korean or English: date, star and review are needed;
    user, like, title, app, store, id and version may be missing. Comma, semicolon and tab separate; encodings are
    UTF-8 with or without BOM, UTF-16 with BOM and CP949. Of a workbook every sheet with the needed columns is read,
    of a JSON file every array whose objects have them.

    The app of a row is its app column, else ``app``, else the id in the name of its sheet or file
    (``appstore_<id>.csv``; ``filename``, or the path's own); so is its store, where its store column is silent. A
    date without an offset is Korean time; seconds or milliseconds since 1970 are UTC. A row dated before 2007 or
    more than two days after ``now`` (unless given, the present) is rejected, and so is one with bytes that cannot
    be decoded.

    ``author_key`` keys the hash that replaces author names; without it the hash is plain, which hides a
    name from a reader but not from someone who tries names.

    Raises ``UnreadableFile`` if the whole is no such file: empty, binary, for the greater part undecodable, columns
    missing (named), no app id; and ``OSError`` as ``open`` does.
    """
    from nlp import csvfile  # read_file is the one door; its workings live next door

    if isinstance(source, Path):
        filename = filename or source.name
        source = source.read_bytes()
    return csvfile.parse(source, filename=filename, app=app, author_key=author_key, now=now)
