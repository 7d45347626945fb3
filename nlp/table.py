"""Any table with a column of texts, kept whole: every row, every column, in order. What ``score`` reads and writes."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlp import sheets
from nlp.csvfile import header_in, records
from nlp.decoding import decoded, lines_of
from nlp.headings import columns_of
from nlp.reviews import UnreadableFile

Row = tuple[str, ...]
#: Broken bytes of a file, and what a JSON file may hold of half a character.
_SURROGATES = re.compile("[\ud800-\udfff]+")


@dataclass(frozen=True)
class Table:
    """Rows of cells under ``columns``; ``title_at`` and ``text_at``: where what people wrote stands.

    ``sheet``: the name of the sheet of a workbook; ``sheets_left``: those of the others that are not empty.
    """

    columns: Row
    rows: tuple[Row, ...]
    title_at: int | None
    text_at: int | None
    encoding: str
    sheet: str = ""
    sheets_left: tuple[str, ...] = ()

    def title(self, row: Row) -> str:
        """The row's title, ``''`` where there is none."""
        return _cell(row, self.title_at)

    def text(self, row: Row) -> str:
        """The row's text, ``''`` where there is none."""
        return _cell(row, self.text_at)


def read_table(path: Path) -> Table:
    """Read a CSV, TSV, Excel or JSON table, dropping nothing: a short row is filled up, a long one's last
    cells are put together, and lines are read as records only where their quotation marks allow it. Of a
    workbook the first sheet is read that has a column of texts, or else one of titles.

    Raises ``UnreadableFile`` if there is no column of titles or texts, naming those that were seen; and
    ``OSError`` as ``open`` does.
    """
    data = path.read_bytes()
    kind = sheets.kind_of(data, path.name)
    if kind is None:
        text, encoding = decoded(data)
        found, joint = _records(text)
        return _table(found, encoding, joint)
    tables = [(sheet.name, rows) for sheet in sheets.sheets_of(data, kind) if (rows := list(sheet.rows))]
    if not tables:
        raise _empty()
    at = max(range(len(tables)), key=lambda i: _worth(tables[i][1][0][1]))
    table = _table([cells for _number, cells in tables[at][1]], kind, ",")
    left = tuple(name for i, (name, _) in enumerate(tables) if i != at)
    return replace(table, sheet=tables[at][0], sheets_left=left)


def _worth(columns: Sequence[str]) -> int:
    """2 with a column of texts, 1 with one of titles only, 0 with neither."""
    known = columns_of(columns)
    return 2 if "review" in known else int("title" in known)


def _table(found: list[list[str]], encoding: str, joint: str) -> Table:
    """The table with its heading first; ``joint``: what puts the cells of a long row together."""
    if not found:
        raise _empty()
    columns = tuple(found[0])
    if not _worth(columns):
        seen = ", ".join(name.strip() or "?" for name in columns[:12])[:200]
        raise UnreadableFile(
            f"글이 든 열(REVIEW, TITLE, content, 내용 …)을 찾지 못했습니다. 있는 열: {seen}",
            f"No column of texts (REVIEW, TITLE, content …) was found. The columns are: {seen}",
        )
    rows = tuple(_whole(cells, len(columns), joint) for cells in found[1:])
    known = columns_of(columns)
    return Table(columns, rows, known.get("title"), known.get("review"), encoding)


def _empty() -> UnreadableFile:
    return UnreadableFile("빈 파일입니다.", "The file is empty.")


def write_table(path: Path, table: Table, names: Sequence[str], values: Sequence[Row]) -> None:
    """Write ``table`` with more columns, whole or not at all, as CSV in UTF-8 with a byte-order mark.

    ``values``: one tuple per row, in order, as long as ``names``. The table's own cells are written as they
    were read, but for columns of these names from an earlier time, which are replaced, and for bytes that are
    no characters, which become U+FFFD: one of them would make the whole file unreadable to others.
    Raises ``ValueError`` if there are not as many values as rows, and ``OSError``.
    """
    if len(values) != len(table.rows):
        raise ValueError(f"{len(values)} values for {len(table.rows)} rows")
    out = io.StringIO()
    writer = csv.writer(out)
    kept = [at for at, column in enumerate(table.columns) if column not in names]
    writer.writerow([*(table.columns[at] for at in kept), *names])
    writer.writerows([*(row[at] for at in kept), *more] for row, more in zip(table.rows, values, strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"\xef\xbb\xbf" + _SURROGATES.sub("\ufffd", out.getvalue()).encode())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _cell(row: Row, index: int | None) -> str:
    return "" if index is None else row[index]


def _whole(cells: Sequence[str], width: int, joint: str) -> Row:
    if len(cells) > width:
        return (*cells[: width - 1], joint.join(cells[width - 1 :]))
    return (*cells, *([""] * (width - len(cells))))


def _records(text: str) -> tuple[list[list[str]], str]:
    """Every record of a delimited text, blank lines left out; and what its cells are parted by.

    A record whose quotation marks do not match is the one line it starts on, cut at every delimiter.
    """
    lines = lines_of(text)
    at = next((i for i, line in enumerate(lines) if line.strip()), None)
    if at is None:
        return [], ","
    header = header_in(lines[at])
    found = [next(csv.reader([lines[at]], delimiter=header.delimiter), [])]
    for record in records(lines, at + 1, header):
        raw = lines[record.line - 1].rstrip("\r\n").split(header.delimiter)
        found.append(raw if record.broken else record.cells)
    return found, header.delimiter
