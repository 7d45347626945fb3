"""The report's tables as CSV files that a spreadsheet opens as they are (UTF-8 with a byte-order mark)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from nlp.model import Report, Side

Cell = str | int | float
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(report: Report) -> dict[str, bytes]:
    """File name → content."""
    owner, key = report.contrast.owner, report.contrast.keyness
    return {
        "apps.csv": csv_bytes(
            ("app", "name_ko", "name_en", "reviews", "mean_star", "1", "2", "3", "4", "5", "first", "last"),
            (
                (a.app, a.name_ko, a.name_en, a.reviews, a.mean_star, *a.stars, a.first, a.last)
                for a in report.apps
            ),
        ),
        "months.csv": csv_bytes(("month", "reviews"), report.totals.by_month.items()),
        "words_high.csv": _side(owner.high),
        "words_low.csv": _side(owner.low),
        "keyness.csv": csv_bytes(
            ("word", "pos", "count_4_5", "count_1_2", "log_odds", "z"),
            ((w.word, w.pos, w.high_count, w.low_count, w.log_odds, w.z) for w in (*key.high, *key.low)),
        ),
        "samples.csv": csv_bytes(
            ("side", "key", "app", "star", "at", "title", "review", "centrality"),
            (
                (side, s.key, s.app, s.star, s.at, s.title, s.text, s.centrality)
                for side, quotes in (("high", report.samples.high), ("low", report.samples.low))
                for s in quotes
            ),
        ),
    }


def _side(side: Side) -> bytes:
    rows = [("frequency", rank, row) for rank, row in enumerate(side.by_frequency, 1)]
    rows += [("tf_idf", rank, row) for rank, row in enumerate(side.by_weight, 1)]
    return csv_bytes(
        ("table", "rank", "word", "pos", "count", "reviews", "tf_idf"),
        ((table, rank, r.word, r.pos, r.count, r.reviews, r.weight) for table, rank, r in rows),
    )


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file. Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
