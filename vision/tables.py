"""CSV files as people's programs write them: labels, and what is known of pictures."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection
from pathlib import Path

MARKS = ",;\t"
"""What parts the cells of a row."""


class DataError(ValueError):
    """Labels, pictures or a table are missing or malformed; the message names the file and what to do."""


def read_table(path: Path, known: Collection[str]) -> tuple[dict[str, str], list[tuple[int, dict[str, str]]]]:
    """The columns as the file writes them, by their names in small letters, and the rows with the lines they end in.

    What spreadsheets save is read too: Korean Windows' own encoding, UTF-16 ("Unicode text"), semicolons, tabs. known:
    names of columns in small letters, by which is told what parts the cells. Empty rows are left out. Raises DataError.
    """
    try:
        text = _text(path.read_bytes())
        parts = {mark: next(csv.reader(io.StringIO(text, newline=""), delimiter=mark), []) for mark in MARKS}
        mark = max(parts, key=lambda mark: sum(name.strip().lower() in known for name in parts[mark]))
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        return names, [(reader.line_num, row) for row in reader if any(row.values())]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: cannot be read as a CSV file in UTF-8 or CP949 ({error}); save it as CSV UTF-8"
        ) from None


def _text(data: bytes) -> str:
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16")
    if b"\0" in data:
        raise ValueError("not text, or in UTF-16 without its mark")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp949")
