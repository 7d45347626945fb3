"""Reading a stored report: months without gaps, tables for a spreadsheet, other versions refused."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.reviews import report
from app.reviews.models import Analysis
from nlp.report import build
from nlp.reviews import read_file
from tests.factories.reviews import APP, HEADER, review_csv, review_row


@pytest.fixture(scope="module")
def data() -> report.Data:
    rows = [
        [*review_row(star=star, date=f"2023-{month:02}-01 00:00:00-07:00"), f"1.{month}"]
        for month in (1, 4)
        for star in [1, 3, 5] * 4
    ]
    found = read_file(review_csv(rows, (*HEADER, "VERSION")), filename=f"appstore_{APP}.csv")
    return report.load(Analysis(report=build(found.reviews, top=5).to_json()))


def _rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_months_without_reviews_are_there_with_zero(data: report.Data) -> None:
    assert report.months(data) == [("2023-01", 12), ("2023-02", 0), ("2023-03", 0), ("2023-04", 12)]


def test_months_go_on_over_the_end_of_a_year() -> None:
    found = report.months({"totals": {"by_month": {"2022-11": 1, "2023-02": 2}}})
    assert found == [("2022-11", 1), ("2022-12", 0), ("2023-01", 0), ("2023-02", 2)]


def test_a_far_away_month_does_not_bring_all_those_before_it() -> None:
    found = report.months({"totals": {"by_month": {"2023-01": 3, "9999-12": 1}}})
    assert found == [("2023-01", 3), ("9999-12", 1)]


def test_no_reviews_have_no_months() -> None:
    assert report.months({"totals": {"by_month": {}}}) == []


@pytest.mark.parametrize("name", report.TABLES)
def test_each_table_has_a_bom_for_the_spreadsheet_and_as_many_cells_as_columns(
    data: report.Data, name: str
) -> None:
    content = report.table_csv(data, name)
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = _rows(content)
    assert tuple(header) == report.TABLES[name].columns
    assert name in ("samples", "keyness", "phrases", "topics", "disagree", "insights", "hypotheses") or rows
    assert {len(row) for row in rows} <= {len(header)}


def test_versions_are_counted_with_their_complaints(data: report.Data) -> None:
    _header, *rows = _rows(report.table_csv(data, "versions"))
    assert [row[:4] for row in rows] == [[APP, "1.1", "2023-01-01", "12"], [APP, "1.4", "2023-04-01", "12"]]
    assert all(row[6] == "12" for row in rows)


def test_three_stars_are_counted_on_both_sides(data: report.Data) -> None:
    owner = data["contrast"]["owner"]
    assert (owner["high"]["reviews"], owner["low"]["reviews"], owner["shared"]) == (16, 16, 8)


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    cells = _rows(report.to_csv(["a", "b"], [["=HYPERLINK(1)", -1.5], ["+1", "@x"]]))[1:]
    assert cells == [["'=HYPERLINK(1)", "-1.5"], ["'+1", "'@x"]]


@pytest.mark.parametrize("stored", [None, "", "[]", "{}", json.dumps({"version": "1.0"})])
def test_a_report_of_another_kind_is_refused(stored: str | None) -> None:
    with pytest.raises(report.UnreadableReport):
        report.load(Analysis(report=stored))
