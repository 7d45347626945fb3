"""Excel workbooks and JSON files as the CSV reader has its rows: a number and cells of text."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from nlp import objects
from nlp.reviews import UnreadableFile

Kind = Literal["xlsx", "json"]
Row = tuple[int, list[str]]
#: An archive that swells to more than this is no table of reviews.
MAX_UNPACKED = 400_000_000
MAX_COLUMNS = 200
#: What openpyxl lets through from an archive or a sheet that is damaged (bad XML is a SyntaxError).
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, IndexError, TypeError, AttributeError, EOFError,
    NotImplementedError, RuntimeError, SyntaxError,
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A table: heading first, then every row with its number. ``name`` is ``''`` where it has none."""

    name: str
    rows: Iterator[Row]


def kind_of(data: bytes, filename: str) -> Kind | None:
    """What ``data`` is, if it is neither CSV nor TSV. Its first bytes count more than the file's name."""
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    named = filename.lower().endswith((".json", ".jsonl"))
    return "json" if named or start.startswith((b"[{", b'{"', b"[\n", b"[ ", b"{\n", b"[\r")) else None


def sheets_of(data: bytes, kind: Kind) -> Iterator[Sheet]:
    """The sheets of a workbook in their order, empty ones too; of a JSON file one.

    Rows are numbered as in the sheet, or from 1 as the elements of JSON are. They are read while they are asked
    for. Raises ``UnreadableFile`` if the whole cannot be read, also while its rows are read.
    """
    if kind == "json":
        names, items = objects.table_in(data)
        names = names[:MAX_COLUMNS]
        yield Sheet("", _elements(names, items))
        return
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_UNPACKED:
            raise UnreadableFile("파일이 너무 큽니다.", "The workbook is too large.")
        found = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets
    except _DAMAGE as error:
        raise _broken() from error
    for sheet in found:
        yield Sheet(" ".join(sheet.title.split()), _rows(sheet))


def _broken() -> UnreadableFile:
    return UnreadableFile(
        "엑셀 파일을 열 수 없습니다. .xlsx나 'CSV UTF-8'로 다시 저장해서 올려 주세요.",
        "The workbook cannot be opened. Save it again as .xlsx or 'CSV UTF-8'.",
    )


def _rows(sheet: Any) -> Iterator[Row]:
    width = min(sheet.max_column or 0, MAX_COLUMNS)
    # Some programs write a size that is not the sheet's: openpyxl would stop there and lose the rest.
    sheet.reset_dimensions()
    headed = False
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_text(value) for value in values[:MAX_COLUMNS]]
            if not any(cells):
                continue
            if not headed:
                width, headed = max(width, len(cells)), True
            yield number, [*cells, *[""] * (width - len(cells))][:width]
    except _DAMAGE as error:
        raise _broken() from error


def _elements(names: list[str], items: list[Any]) -> Iterator[Row]:
    yield 0, names
    for number, item in enumerate(items, 1):
        # What is no object has no cells, and is rejected for that with its number.
        yield number, [_text(item.get(name)) for name in names] if isinstance(item, dict) else []


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)
