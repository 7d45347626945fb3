from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text import MAX_CHARS, MAX_RUN, clean, mask, storable

anything = st.text(alphabet=st.characters(), max_size=400)
"""Every code point, lone surrogates and NUL included."""


@pytest.mark.parametrize(
    "written, masked",
    [
        ("연락 주세요 kim.min-ji+1@mail.example.co.kr 로", "연락 주세요 [이메일] 로"),
        ("제 번호 010-1234-5678입니다", "제 번호 [전화번호]입니다"),
        ("01012345678로", "[전화번호]로"),
        ("+82 10-1234-5678", "[전화번호]"),
        ("010.1234.5678 / 010 1234 5678", "[전화번호] / [전화번호]"),
        ("02-123-4567, 031)1234-5678, 070-1234-5678", "[전화번호], [전화번호], [전화번호]"),
        ("고객센터 1588-1234", "고객센터 [전화번호]"),
        ("900101-1234567", "[주민등록번호]"),
    ],
)
def test_addresses_and_numbers_of_persons_are_masked(written: str, masked: str) -> None:
    assert mask(written) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2023-09-18 15:34에 왔어요",
        "10000원 결제",
        "3-4배 비쌈",
        "12345678901234번",
        "버전 1.2.3-4",
        "@전화",
        "120/80",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert mask(text) == text


@given(anything)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(anything)
def test_what_is_storable_can_be_encoded(text: str) -> None:
    assert b"\x00" not in storable(text).encode()


@given(anything)
def test_cleaned_text_is_safe_for_every_tokenizer(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_CHARS
    assert unicodedata.is_normalized("NFC", cleaned)
    assert all(len(word) <= MAX_RUN for word in cleaned.split())
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned)


@pytest.mark.parametrize("blank", ["", " ", "\n\t ", "\x00", "\ud800", "\u200b\ufeff", "\u3164"])
def test_what_holds_nothing_readable_is_empty(blank: str) -> None:
    assert clean(blank) == ""


@pytest.mark.parametrize(
    "text, cleaned",
    [
        ("ㅋㅋㅋㅋㅋㅋ 좋아요!!!!!", "ㅋㅋ 좋아요!!"),
        ("하하하하하하", "하하"),
        ("최고다최고다최고다최고다최고다", "최고다최고다"),
        ("10000원", "10000원"),
        (unicodedata.normalize("NFD", "비대면진료"), "비대면진료"),
        ("줄\r\n바꿈\u2028과\x00공백", "줄 바꿈 과 공백"),
    ],
)
def test_cleaning(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "nasty",
    [
        "가" * 100_000,
        "가나다라마" * 20_000,
        "ab" * 50_000,
        "a" + "\u0301\u0327" * 50_000,
        "\u05b0\u05c1" * 50_000,
        " " * 100_000,
        "\ud83d" * 100_000,
        "ㅋㅠ" * 50_000,
        "1" * 100_000,
    ],
    ids=[
        "one letter",
        "five letters",
        "pair",
        "marks",
        "hebrew marks",
        "spaces",
        "surrogates",
        "jamo",
        "digits",
    ],
)
def test_hostile_text_is_cleaned_in_bounded_time(nasty: str) -> None:
    start = time.process_time()
    cleaned = clean(nasty)
    assert time.process_time() - start < 2
    assert len(cleaned) <= MAX_CHARS
