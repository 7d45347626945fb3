"""Excel workbooks made to order."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl import Workbook


def workbook(sheets: Mapping[str, Iterable[list[Any]]]) -> bytes:
    """Return a workbook with these rows under these names, as .xlsx."""
    book, out = Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(cells)
    book.save(out)
    return out.getvalue()
