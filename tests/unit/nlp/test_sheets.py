"""Workbooks of several sheets and JSON with lists in it: what holds reviews is read, what does not is named."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from nlp.__main__ import main
from nlp.reviews import UnreadableFile, read_file
from nlp.table import read_table
from tests.harness.workbooks import workbook

HEADER = ["USER", "DATE", "STAR", "REVIEW"]


def row(text: str, star: object = 5) -> list[object]:
    return ["a", "2023-01-01", star, text]


def altered(data: bytes, member: str, pattern: bytes, by: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, re.sub(pattern, by, content) if name.endswith(member) else content)
    return out.getvalue()


@pytest.fixture
def several() -> bytes:
    return workbook(
        {
            "요약": [["앱", "건수"], ["굿닥", 2]],
            "2022": [HEADER, row("하나"), row("별이 아홉", 9)],
            "빈 시트": [],
            "2023": [[], HEADER, row("둘"), row("별이 여덟", 8), row("셋")],
        }
    )


def test_every_sheet_of_reviews_is_read_and_the_others_are_named(several: bytes) -> None:
    found = read_file(several, filename="appstore_1.xlsx")
    assert [review.text for review in found.reviews] == ["하나", "둘", "셋"]
    assert (found.sheets, found.sheets_left) == (("2022", "2023"), ("요약",))
    assert [(rejected.line, rejected.reason_ko) for rejected in found.rejected] == [
        (1, "시트 '요약'은(는) 읽지 않았습니다. 첫 줄에 필요한 열이 없습니다: DATE, STAR, REVIEW."),
        (4, "시트 '2022' 3행: 별점이 1–5가 아닙니다: 9"),
        (8, "시트 '2023' 4행: 별점이 1–5가 아닙니다: 8"),
    ]
    assert found.rejected[2].reason_en == "sheet '2023', row 4: not a star rating of 1–5: 8"


def test_a_single_sheet_keeps_its_own_lines(several: bytes) -> None:
    found = read_file(workbook({"a": [HEADER, row("하나", 9), row("둘")], "b": []}), app="1")
    assert [(rejected.line, rejected.reason_en) for rejected in found.rejected] == [
        (2, "not a star rating of 1–5: 9")
    ]
    assert (found.sheets, found.sheets_left) == ((), ())


def test_a_sheet_named_like_a_file_of_an_app_is_of_that_app() -> None:
    data = workbook({"appstore_517637141": [HEADER, row("하나")], "googleplay_a.b": [HEADER, row("둘")]})
    found = read_file(data, filename="모두.xlsx")
    assert [(review.app, review.store) for review in found.reviews] == [
        ("517637141", "appstore"),
        ("a.b", "googleplay"),
    ]
    nameless = read_file(workbook({"googleplay_a.b": [HEADER, row("둘")], "c": [HEADER, row("셋")]}))
    assert [review.text for review in nameless.reviews] == ["둘"]
    assert nameless.sheets_left == ("c",)
    assert "Which app is this?" in nameless.rejected[0].reason_en


def test_a_workbook_without_reviews_is_refused_with_the_names_of_its_sheets() -> None:
    data = workbook({"요약": [["합계"], [3]], "메모": [["DATE", "메모"]]})
    with pytest.raises(UnreadableFile) as caught:
        read_file(data, app="1")
    assert caught.value.reason_ko == (
        "후기로 읽을 수 있는 시트가 없습니다. '요약': 첫 줄에 필요한 열이 없습니다: DATE, STAR, REVIEW. "
        "'메모': 첫 줄에 필요한 열이 없습니다: STAR, REVIEW."
    )


def test_a_size_that_is_not_the_sheets_loses_no_row() -> None:
    data = workbook({"a": [HEADER, row("하나"), [*row("둘"), "옆에 적은 것"]]})
    wrong = altered(data, "sheet1.xml", rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B1"')
    assert len(read_file(wrong, app="1").reviews) == 2
    assert len(read_file(data, app="1").reviews) == 2


@pytest.mark.parametrize("by", [b"<row", b'<row r="x">', b'<c t="s"><v>99</v></c>'])
def test_a_damaged_sheet_is_refused_in_one_line(by: bytes) -> None:
    data = altered(workbook({"a": [HEADER, row("하나")]}), "sheet1.xml", rb"</sheetData>", by)
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        read_file(data, app="1")


@pytest.mark.parametrize(
    "lang, read, left",
    [
        ("ko", "읽은 시트: 2022, 2023", "읽지 않은 시트: 요약 (까닭은 rejected.csv)"),
        ("en", "sheets read: 2022, 2023", "sheets not read: 요약 (rejected.csv says why)"),
    ],
)
def test_the_report_says_which_sheets_it_read(
    several: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, read: str, left: str
) -> None:
    source = tmp_path / "appstore_1.xlsx"
    source.write_bytes(several)
    assert main(["report", str(source), "--out", str(tmp_path / "out"), "--lang", lang]) == 0
    stdout, stderr = capsys.readouterr()
    assert f"{source}: {read}\n{source}: {left}\n" in stderr
    said = json.loads(stdout)
    assert (said["reviews"], said["sheets"], said["sheets_left"]) == (3, ["2022", "2023"], ["요약"])
    assert "요약" in (tmp_path / "out" / "rejected.csv").read_text(encoding="utf-8-sig")


def test_score_reads_the_first_sheet_with_texts_and_names_the_others(
    several: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.xlsx", tmp_path / "out.csv"
    source.write_bytes(several)
    assert [cells[-1] for cells in read_table(source).rows] == ["하나", "별이 아홉"]
    assert main(["score", str(source), "--out", str(out), "--lang", "en"]) == 0
    assert "only the sheet '2022' is read. Not read: 요약, 2023" in capsys.readouterr().err
    source.write_bytes(workbook({"제목": [["제목"], ["앱"]], "글": [["내용"], ["좋아요"]]}))
    assert read_table(source).rows == (("좋아요",),)


def test_a_workbook_without_styles_is_read_without_a_remark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.xlsx", tmp_path / "out.csv"
    styles = rb"<cellStyleXfs.*</cellStyleXfs>|<cellStyles.*</cellStyles>"
    source.write_bytes(altered(workbook({"a": [HEADER, row("하나")]}), "styles.xml", styles, b""))
    assert main(["score", str(source), "--out", str(out)]) == 0
    assert capsys.readouterr().err == f"{out}에 1행을 썼습니다\n"


ITEMS = [{"date": "2023-01-02", "star": n, "review": f"후기 {n}"} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "whole",
    [
        {"meta": [{"date": "2023-01-02", "count": 3}], "data": {"reviews": ITEMS}},
        {"tags": ["a"], "columns": [{"name": "review"}], "reviews": ITEMS},
        {"pages": [{"page": 1, "reviews": ITEMS[:2]}, {"page": 2, "reviews": ITEMS[2:]}]},
        [{"page": 1, "reviews": ITEMS[:1]}, {"page": 2, "reviews": ITEMS[1:]}],
        {"data": [ITEMS]},
        {"reviews": [{**item, "replies": [dict(ITEMS[0])]} for item in ITEMS]},
    ],
    ids=["behind another", "beside others", "pages", "pages in a list", "list in a list", "with replies"],
)
def test_the_lists_that_have_the_columns_of_reviews_are_read(whole: object) -> None:
    found = read_file(json.dumps(whole).encode(), filename="appstore_1.json")
    assert [review.text for review in found.reviews] == ["후기 1", "후기 2", "후기 3"]
    assert not found.rejected


def test_a_single_review_is_a_file_of_one() -> None:
    data = json.dumps({**ITEMS[0], "tags": ["a"], "labels": []}).encode()
    assert len(read_file(data, filename="appstore_1.json").reviews) == 1


def test_score_finds_the_list_with_texts(tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    source.write_text(json.dumps({"meta": [{"a": 1}], "data": {"rows": [{"review": "좋아요"}]}}), "utf-8")
    assert read_table(source).rows == (("좋아요",),)


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        read_file(b'{"a":[' * 400 + b"1" + b"]}" * 400, filename="appstore_1.json")
