"""Rows of Excel workbooks and JSON files, as the CSV reader has them: a line number and cells of text."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Literal

from nlp.decoding import decoded, lines_of
from nlp.reviews import UnreadableFile

Kind = Literal["xlsx", "json"]
#: An archive that swells to more than this is no table of reviews.
MAX_UNPACKED = 400_000_000
MAX_COLUMNS = 200


def kind_of(data: bytes, filename: str) -> Kind | None:
    """What ``data`` is, if it is neither CSV nor TSV. Its first bytes count more than the file's name."""
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    named = filename.lower().endswith((".json", ".jsonl"))
    return "json" if named or start.startswith((b"[{", b'{"', b"[\n", b"[ ", b"{\n", b"[\r")) else None


def rows_of(data: bytes, kind: Kind) -> Iterator[tuple[int, list[str]]]:
    """Heading first, then every row with its number: of the sheet's row, or of the JSON element (1 is the
    first). Raises ``UnreadableFile`` if the whole cannot be read.
    """
    return _workbook(data) if kind == "xlsx" else _json(data)


def _workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

    broken = UnreadableFile(
        "엑셀 파일을 열 수 없습니다. .xlsx나 'CSV UTF-8'로 다시 저장해서 올려 주세요.",
        "The workbook cannot be opened. Save it again as .xlsx or 'CSV UTF-8'.",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise UnreadableFile("파일이 너무 큽니다.", "The workbook is too large.")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for number, values in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            cells = [_text(value) for value in values[:MAX_COLUMNS]]
            if any(cells):
                yield number, cells
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, IndexError) as error:
        raise broken from error


def _json(data: bytes) -> Iterator[tuple[int, list[str]]]:
    items = _items(decoded(data)[0])
    names = list(dict.fromkeys(name for item in items if isinstance(item, dict) for name in item))
    if not names:
        raise UnreadableFile(
            "후기 목록이 없습니다. 객체의 배열이거나 한 줄에 객체 하나여야 합니다.",
            "No reviews in it: an array of objects is needed, or one object a line.",
        )
    names = names[:MAX_COLUMNS]
    yield 0, [str(name) for name in names]
    for number, item in enumerate(items, 1):
        # What is no object has no cells, and is rejected for that with its number.
        yield number, [_text(item.get(name)) for name in names] if isinstance(item, dict) else []


def _items(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return [_line(line) for line in lines_of(text) if line.strip()]
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        return lists[0] if lists else [whole]
    return whole if isinstance(whole, list) else []


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)
