from __future__ import annotations

import csv
import hashlib
import io
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.apps import all_apps, name_of
from nlp.reviews import KST, Import, UnreadableFile, read_file

HEADER = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW")
ROW = ("민지", "2023-09-18 15:34:43-07:00", "4", "2", "제목", "병원이 없어요")


def sheet(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    return out.getvalue()


def read(text: str | bytes, **options: str | None) -> Import:
    data = text.encode() if isinstance(text, str) else text
    return read_file(data, **({"filename": "appstore_517637141.csv"} | options))  # type: ignore[arg-type]


def row(**cells: str) -> tuple[str, ...]:
    return tuple(cells.get(name.lower(), cell) for name, cell in zip(HEADER, ROW, strict=True))


def test_a_row_becomes_a_review_in_korean_time() -> None:
    (review,) = read(sheet(ROW)).reviews
    assert (review.app, review.star, review.likes) == ("517637141", 4, 2)
    assert (review.title, review.text) == ("제목", "병원이 없어요")
    assert review.at == datetime(2023, 9, 19, 7, 34, 43, tzinfo=KST)
    assert review.at.tzinfo is KST
    assert review.key == hashlib.sha256("517637141|제목|병원이 없어요".encode()).hexdigest()[:12]


def test_author_names_are_hashed_and_a_key_changes_the_hash() -> None:
    (plain,) = read(sheet(ROW)).reviews
    keyed = read_file(sheet(ROW).encode(), app="1", author_key=b"secret").reviews[0]
    nobody = read(sheet(row(user="  "))).reviews[0]
    assert len(plain.author) == len(keyed.author) == 12
    assert plain.author != keyed.author
    assert "민지" not in repr(plain)
    assert nobody.author == ""


def test_persons_are_masked_and_unstorable_characters_dropped() -> None:
    (review,) = read(sheet(row(title="a@b.co.kr", review="010-1234-5678\x00로"))).reviews
    assert (review.title, review.text) == ("[이메일]", "[전화번호]로")


@pytest.mark.parametrize(
    "text, encoding, told",
    [(sheet(ROW), "utf-8", "utf-8"), (sheet(ROW), "utf-8-sig", "utf-8-sig"), (sheet(ROW), "cp949", "cp949")],
)
def test_encodings(text: str, encoding: str, told: str) -> None:
    found = read(text.encode(encoding))
    assert found.encoding == told
    assert found.reviews[0].text == "병원이 없어요"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_separators_and_line_ends(delimiter: str, newline: str) -> None:
    text = sheet(ROW, row(review='그는 "좋아요, 정말; 네"라고'), delimiter=delimiter).replace("\r\n", newline)
    assert [r.text for r in read(text).reviews] == ["병원이 없어요", '그는 "좋아요, 정말; 네"라고']


@pytest.mark.parametrize(
    "header, cells",
    [
        (("review", "title", "like", "star", "date", "user"), ("글", "제목", "1", "5", "2023-01-02", "a")),
        (("내용", "별점", "작성일"), ("글", "5", "2023-01-02")),
        (("App ID", "score", "content", "at", "extra"), ("com.x", "5", "글", "2023-01-02", "?")),
    ],
)
def test_columns_are_found_by_name_in_any_order(header: tuple[str, ...], cells: tuple[str, ...]) -> None:
    (review,) = read(sheet(cells, header=header)).reviews
    assert (review.text, review.star, review.at.day) == ("글", 5, 2)
    assert review.app == ("com.x" if "App ID" in header else "517637141")


def test_the_app_comes_from_the_row_then_the_caller_then_the_file_name() -> None:
    header = (*HEADER, "APP")
    text = sheet((*ROW, "111"), (*ROW, ""), header=header)
    assert [r.app for r in read(text, app="222").reviews] == ["111", "222"]
    assert [r.app for r in read(text).reviews] == ["111", "517637141"]
    assert read(sheet(ROW), filename="C:\\내려받기\\appstore_42.csv").reviews[0].app == "42"
    assert read(sheet(ROW), filename="appstore_42 (1).csv").reviews[0].app == "42"
    nameless = read(text, filename="x.csv")
    assert [r.app for r in nameless.reviews] == ["111"]
    assert nameless.rejected[0].line == 3


def test_a_path_is_read_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "appstore_99.csv").write_text(sheet(ROW), encoding="utf-8")
    assert read_file(tmp_path / "appstore_99.csv").reviews[0].app == "99"


@pytest.mark.parametrize(
    "written, day_hour",
    [
        ("2023-12-31 15:00:00Z", (2024, 1, 1, 0)),
        ("2023-12-31T07:00:00-0800", (2024, 1, 1, 0)),
        ("2023-12-31", (2023, 12, 31, 0)),
        ("2023.12.31 23:59", (2023, 12, 31, 23)),
        ("2023. 12. 31.", (2023, 12, 31, 0)),
        ("2023년 12월 31일", (2023, 12, 31, 0)),
        ("2023/1/2 3:04:05.678+09:00", (2023, 1, 2, 3)),
    ],
)
def test_dates_are_korean(written: str, day_hour: tuple[int, ...]) -> None:
    at = read(sheet(row(date=written))).reviews[0].at
    assert (at.year, at.month, at.day, at.hour) == day_hour
    assert at.utcoffset() is not None


@pytest.mark.parametrize(
    "cells, reason",
    [
        ({"star": "6"}, "별점이 1–5가 아닙니다: 6"),
        ({"star": ""}, "별점이 1–5가 아닙니다: ''"),
        ({"star": "4.5"}, "별점이 1–5가 아닙니다: 4.5"),
        ({"star": "٣"}, "별점이 1–5가 아닙니다: ٣"),
        ({"date": "어제"}, "날짜를 읽을 수 없습니다: 어제"),
        ({"date": "2023-02-30"}, "날짜를 읽을 수 없습니다: 2023-02-30"),
        ({"date": "0001-01-01 00:00:00+14:00"}, "날짜를 읽을 수 없습니다: 0001-01-01 00:00:00+14:00"),
        ({"like": "많음"}, "좋아요 수가 숫자가 아닙니다: 많음"),
        ({"title": " ", "review": "\n"}, "제목과 내용이 비어 있습니다"),
    ],
)
def test_a_bad_row_is_rejected_with_line_and_reason(cells: dict[str, str], reason: str) -> None:
    found = read(sheet(ROW, row(**cells), ROW))
    assert len(found.reviews) == 2
    ((line, reason_ko),) = [(r.line, r.reason_ko) for r in found.rejected]
    assert (line, reason_ko) == (3, reason)
    assert found.rejected[0].reason_en


@pytest.mark.parametrize(
    "written",
    ["9999-12-31", "9999-12-31 23:59:59-12:00", "0001-01-01", "1023-05-06", "2006-12-31 23:59", "4102444800",
     "2026-11-03 09:00:01"],
)  # fmt: skip
def test_a_date_on_which_nobody_wrote_a_review_is_rejected(written: str) -> None:
    now = datetime(2026, 11, 1, 9, tzinfo=KST)
    text = sheet(ROW, row(date=written), row(date="2026-11-03 09:00:00"), row(date="2007-01-01"))
    found = read_file(text.encode(), app="1", now=now)
    (rejected,) = found.rejected
    assert (len(found.reviews), rejected.line) == (3, 3)
    assert rejected.reason_en in (
        f"a date before there were app stores (2007) or to come: {written}",
        f"unreadable date: {written}",  # beyond what can be told in Korean time
    )
    assert written in rejected.reason_ko


def test_a_rejection_quotes_no_personal_number() -> None:
    (rejected,) = read(sheet(row(star="010-1234-5678"))).rejected
    assert "1234" not in rejected.reason_ko + rejected.reason_en


def test_rows_of_another_width_are_rejected_and_named_by_their_first_line() -> None:
    text = sheet(row(review="두\n줄"), (*ROW, "하나 더"), ROW[:3], (*ROW, "", ""))
    found = read(text)
    assert [r.text for r in found.reviews] == ["두\n줄", "병원이 없어요"]
    assert [r.line for r in found.rejected] == [4, 5]
    assert "7" in found.rejected[0].reason_ko


def test_a_forgotten_quotation_mark_costs_its_own_row_only() -> None:
    broken = 'a,2023-01-01,5,0,t,"열고 닫지 않음\r\n'
    text = sheet(ROW) + broken + sheet(*[ROW] * 30).partition("\r\n")[2]
    found = read(text)
    assert len(found.reviews) == 31
    assert [(r.line, r.reason_ko) for r in found.rejected] == [(3, "따옴표가 맞지 않습니다")]


def test_two_forgotten_quotation_marks_cost_two_rows() -> None:
    body = sheet(*[ROW] * 5).partition("\r\n")[2]
    broken = 'a,2023-01-01,5,0,"t,열고\r\n'
    found = read(sheet(ROW) + broken + body + broken + body)
    assert len(found.reviews) == 11
    assert [r.line for r in found.rejected] == [3, 9]


def test_a_few_broken_bytes_cost_their_row_only() -> None:
    data = sheet(ROW, row(review="깨진 글"), ROW).encode().replace("깨".encode(), b"\xea\xb9")
    found = read(data + sheet(*[ROW] * 20).encode().partition(b"\r\n")[2])
    assert len(found.reviews) == 22
    assert [(r.line, r.reason_ko) for r in found.rejected] == [(3, "깨진 글자가 있습니다")]


def test_an_endless_line_is_rejected_and_the_rest_is_read() -> None:
    found = read(sheet(row(review="가" * 200_000), ROW))
    assert len(found.reviews) == 1
    assert found.rejected[0].line == 2


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "빈 파일"),
        (b" \r\n\r\n", "빈 파일"),
        (b"\xef\xbb\xbf", "빈 파일"),
        (b"PK\x03\x04rest of a workbook", "엑셀"),
        (b"\xd0\xcf\x11\xe0rest of an old workbook", "엑셀"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 8, "이진 파일"),
        (b"\xff\xfe\x00\xd8\x00", "UTF-16"),
        (b"\xfd\x80\x81\xff" * 30, "UTF-8도 CP949도"),
        (b"USER,TITLE,STAR\nx,y,5\n", "DATE, REVIEW"),
        (b"just a line of text\n", "DATE, STAR, REVIEW"),
    ],
    ids=["nothing", "blank", "mark only", "xlsx", "xls", "png", "utf-16", "bytes", "columns", "prose"],
)
def test_what_is_no_review_file_is_refused_with_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(data)
    assert reason in caught.value.reason_ko
    assert caught.value.reason_en
    assert "\n" not in caught.value.reason_ko + caught.value.reason_en


def test_a_file_of_no_known_app_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="appstore_"):
        read(sheet(ROW), filename="reviews.csv")


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", sheet(ROW).encode()):
        try:
            found = read(prefix + data)
        except UnreadableFile:
            continue
        assert all(review.key and review.body.strip() for review in found.reviews)


@given(
    st.lists(
        st.sampled_from([",".join(ROW), 'a,"b', '"', "x,y", "", "민지,2023-01-01,9,,,", ',,,,,"\n"']),
        max_size=25,
    )
)
def test_every_line_with_something_on_it_is_accounted_for(lines: list[str]) -> None:
    good = sum(line == ",".join(ROW) for line in lines)
    found = read("\n".join([",".join(HEADER), *lines]))
    # No fragment here can hide a whole row within quotation marks and still be a row itself.
    assert len(found.reviews) == good
    if any(line.strip() and line != ",".join(ROW) for line in lines):
        assert found.rejected


def test_twenty_thousand_hostile_lines_take_bounded_time() -> None:
    start = time.process_time()
    found = read(",".join(HEADER) + "\n" + 'a,"b\n' * 20_000)
    assert time.process_time() - start < 30
    assert len(found.rejected) > 1000


def test_apps_are_known_by_id_in_both_languages() -> None:
    assert (name_of("517637141", "ko"), name_of("517637141", "en")) == ("굿닥", "Goodoc")
    assert name_of("com.bbros.sayup", "ko") == "똑닥"
    assert name_of("999", "ko") == "999"
    ids = [app.app_store for app in all_apps() if app.app_store]
    assert len(ids) == len(set(ids)) == 9
    assert sum(app.verified for app in all_apps()) == 8
