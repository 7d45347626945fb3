"""Which encoding a file is in, and that a byte which is no character costs its own row and no other."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nlp.decoding import UNDECODED, decoded
from nlp.reviews import Import, UnreadableFile, read_file

TEXTS = (
    "병원 예약이 편해요",
    "로그인이 안 됬어요",
    "약 배송이 빨라요",
    "상담 시간이 짧아요",
    "앱이 자꾸 꺼져요",
)


def table(*texts: str, heading: str = "DATE,STAR,REVIEW") -> str:
    return "\n".join([heading, *(f"2023-01-{n:02},5,{text}" for n, text in enumerate(texts, 1))]) + "\n"


def read(data: bytes, filename: str = "appstore_1.csv") -> Import:
    return read_file(data, filename=filename)


@pytest.mark.parametrize("encoding", ["cp949", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("broken", [b"\xff", b"\x80", b""], ids=["no character", "no beginning", "half gone"])
@pytest.mark.parametrize("heading", ["DATE,STAR,REVIEW", "작성일,별점,내용"])
def test_a_byte_that_is_no_character_costs_its_row_only(encoding: str, broken: bytes, heading: str) -> None:
    data = table(*TEXTS, heading=heading).encode(encoding)
    letter = "꺼".encode(encoding.removesuffix("-sig"))
    found = read(data.replace(letter, broken + letter[1:]))
    assert [review.text for review in found.reviews] == list(TEXTS[:-1])
    assert [(row.line, row.reason_ko, row.reason_en) for row in found.rejected] == [
        (6, "깨진 글자가 있습니다", "broken characters")
    ]
    assert found.encoding == encoding


def test_short_utf_8_is_not_read_as_cp949() -> None:
    """These rows are good CP949 too: hanja, and only the row with the broken byte speaks against UTF-8."""
    texts = ["병원", "최고", "추천"]
    for text in texts:
        text.encode().decode("cp949")
    found = read(table(*texts, "좋\x00요").encode().replace(b"\x00", b"\xbe\xc6"))
    assert ([review.text for review in found.reviews], found.encoding) == (texts, "utf-8")
    assert [row.line for row in found.rejected] == [5]


@pytest.mark.parametrize("first, behind", [("cp949", "utf-8"), ("utf-8", "cp949")])
def test_rows_put_behind_in_another_encoding_are_rejected_and_not_misread(first: str, behind: str) -> None:
    found = read(table(*TEXTS).encode(first) + "2023-02-01,1,병원\n2023-02-02,1,최고\n".encode(behind))
    assert ([review.text for review in found.reviews], found.encoding) == (list(TEXTS), first)
    assert [row.line for row in found.rejected] == [7, 8]


def test_western_quotation_marks_are_not_read_as_korean() -> None:
    found = read(table("I can’t log in", "fine", "slow").encode("cp1252"))
    assert [review.text for review in found.reviews] == ["fine", "slow"]
    assert [row.line for row in found.rejected] == [2]


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_file_of_mostly_broken_rows_is_refused(encoding: str) -> None:
    broken = table(*(f"{text}\x00" for text in TEXTS[:3]), *TEXTS[3:]).encode(encoding)
    with pytest.raises(UnreadableFile) as caught:
        read(broken.replace(b"\x00", b"\xff"))
    assert caught.value.reason_ko.startswith("글자를 읽을 수 없습니다. UTF-8도 CP949도 아닙니다")
    assert "more than half of the lines cannot be decoded" in caught.value.reason_en


@pytest.mark.parametrize("encoding", ["cp949", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("shape", ["array", "lines"])
def test_json_is_read_in_every_encoding(encoding: str, shape: str) -> None:
    items = [{"date": "2023-01-02", "star": 4, "review": text} for text in TEXTS]
    each = [json.dumps(item, ensure_ascii=False) for item in items]
    text = "[" + ", ".join(each) + "]" if shape == "array" else "\n".join(each)
    found = read(text.encode(encoding), "appstore_1.json")
    assert [review.text for review in found.reviews] == list(TEXTS)


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_broken_byte_in_json_on_one_line_costs_its_element_only(encoding: str) -> None:
    items = [{"date": "2023-01-02", "star": 4, "review": text} for text in TEXTS]
    data = json.dumps({"reviews": items}, ensure_ascii=False).encode(encoding)
    found = read(data.replace("빨".encode(encoding), b"\xff"), "appstore_1.json")
    assert [review.text for review in found.reviews] == [*TEXTS[:2], *TEXTS[3:]]
    assert [row.line for row in found.rejected] == [3]


def test_a_line_separator_within_a_review_ends_no_line_of_json() -> None:
    item = {"date": "2023-01-02", "star": 4, "review": "두\u2028줄"}
    found = read("\n".join([json.dumps(item, ensure_ascii=False)] * 2).encode(), "appstore_1.jsonl")
    assert [review.text for review in found.reviews] == ["두\u2028줄"] * 2


def test_a_workbook_with_a_password_is_told_so() -> None:
    with pytest.raises(UnreadableFile, match="password"):
        read(b"\xd0\xcf\x11\xe0" + bytes(600), "appstore_1.xlsx")


@given(
    st.lists(st.text("병원예약이편해요좋아약배송상담 abc", min_size=6, max_size=30), min_size=4, max_size=12),
    st.sampled_from(["utf-8", "cp949"]),
    st.data(),
)
def test_whatever_the_texts_the_encoding_is_found_and_the_others_stay_whole(
    texts: list[str], encoding: str, data: st.DataObject
) -> None:
    assume(sum(not text.isascii() for text in texts) > 2)
    at = data.draw(st.integers(0, len(texts) - 1))
    lines = ["작성일,별점,내용".encode(encoding), *(text.encode(encoding) for text in texts)]
    lines[at + 1] += b"\xff"
    text, told = decoded(b"\n".join(lines))
    assert told == encoding
    read_lines = text.split("\n")[1:]
    assert [line for line in read_lines if not UNDECODED.search(line)] == texts[:at] + texts[at + 1 :]
