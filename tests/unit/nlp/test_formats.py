"""Excel, JSON, TSV and UTF-16 are read as CSV is: every row is a review or rejected with its number."""

from __future__ import annotations

import io
import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from nlp.reviews import KST, UnreadableFile, read_file

HEADER = ["USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW"]
ROWS = [
    ["a", "2023-01-01 10:00:00-07:00", "5", "0", "편해요", "집에서 되니 좋네요"],
    ["b", "2023. 9. 18.", "1", "2", "", "안 열려요"],
    ["c", "어제", "3", "0", "", "그냥 그래요"],
]


def workbook(rows: list[list[object]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_a_workbook_keeps_dates_and_numbers_every_row() -> None:
    # A workbook knows no time zones.
    dated = ["d", datetime(2023, 5, 6, 7, 8), 4, None, None, "엑셀 날짜"]  # noqa: DTZ001
    found = read_file(workbook([HEADER, *ROWS, dated]), filename="appstore_517637141.xlsx")
    assert [review.text for review in found.reviews] == ["집에서 되니 좋네요", "안 열려요", "엑셀 날짜"]
    assert found.reviews[2].at == datetime(2023, 5, 6, 7, 8, tzinfo=KST)
    assert [(rejected.line, rejected.reason_en) for rejected in found.rejected] == [
        (4, "unreadable date: 어제")
    ]
    assert found.encoding == "xlsx"


@pytest.mark.parametrize("shape", ["array", "object", "lines"])
def test_json_in_its_usual_shapes(shape: str) -> None:
    items = [
        {
            "reviewId": "r1",
            "score": 5,
            "at": 1_700_000_000,
            "content": "좋아요",
            "appVersion": "3.1",
            "store": "googleplay",
        },
        {"reviewId": "r2", "score": 9, "at": "2023-01-02", "content": "별이 아홉"},
        "not an object",
    ]
    text = {
        "array": json.dumps(items, ensure_ascii=False),
        "object": json.dumps({"reviews": items}, ensure_ascii=False),
        "lines": "\n".join(json.dumps(item, ensure_ascii=False) for item in items),
    }[shape]
    found = read_file(text.encode(), filename="googleplay_com.example.json")
    (review,) = found.reviews
    assert (review.app, review.store, review.store_id, review.version) == (
        "com.example",
        "googleplay",
        "r1",
        "3.1",
    )
    assert review.at == datetime(2023, 11, 15, 7, 13, 20, tzinfo=KST)
    assert [rejected.line for rejected in found.rejected] == [2, 3]


def test_utf_16_and_tabs() -> None:
    text = "\n".join("\t".join(row) for row in [HEADER, *ROWS])
    found = read_file(text.encode("utf-16"), filename="appstore_1.tsv")
    assert (len(found.reviews), len(found.rejected), found.encoding) == (2, 1, "utf-16")


def test_other_headings_and_korean_dates() -> None:
    text = "작성자,작성일,별점,제목,내용,버전\n가,2023년 9월 18일 오후 3:34,2,느려요,배송이 느려요,1.2\n"
    (review,) = read_file(text.encode("cp949"), app="1").reviews
    assert review.at == datetime(2023, 9, 18, 15, 34, tzinfo=KST)
    assert (review.star, review.title, review.version) == (2, "느려요", "1.2")


@pytest.mark.parametrize(
    "data, name",
    [
        (b"PK\x03\x04 no workbook", "a.xlsx"),
        (b'{"a": 1}', "a.json"),
        (b"[]", "a.json"),
        (b"[1, 2]", "b.json"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(data: bytes, name: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_file(data, filename=name, app="1")
    assert caught.value.reason_ko
    assert "\n" not in caught.value.reason_ko + caught.value.reason_en


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({k: st.text(max_size=12) for k in ("date", "star", "review")}), min_size=1)
)
def test_no_json_row_is_lost(items: list[dict[str, str]]) -> None:
    found = read_file(json.dumps(items).encode(), filename="x.json", app="1")
    assert len(found.reviews) + len(found.rejected) == len(items)
