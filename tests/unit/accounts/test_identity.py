"""An identity is one exact form of what people write in many ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.identity import Channel, Identity, NotAnIdentity, parse


@pytest.mark.parametrize(
    "typed",
    [
        "010-1234-5678",
        "01012345678",
        "010 1234 5678",
        " 010.1234.5678 ",
        "+82 10-1234-5678",
        "+821012345678",
        "(010) 1234-5678",
        "０１０-１２３４-５６７８",
        "010ㅡ1234ㅡ5678",
        "010_1234_5678",
        "010~1234~5678",
    ],
)
def test_a_number_however_written(typed: str) -> None:
    assert parse(typed) == Identity(Channel.MOBILE, "+821012345678")


@pytest.mark.parametrize(
    "typed", ["Kim@Example.com", " kim@example.com ", "KIM@EXAMPLE.COM", "ｋｉｍ＠ｅｘａｍｐｌｅ．ｃｏｍ"]
)
def test_an_address_however_written(typed: str) -> None:
    assert parse(typed) == Identity(Channel.EMAIL, "kim@example.com")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "010",
        "02-123-4567",
        "1588-1234",
        "119",
        "010-1234-56789",
        "010-1234-567",
        "010-1234-567O",
        "O10-1234-5678",
        "010-ABCD-EFGH",
        "+1 202 555 0123",
        "+81 90-1234-5678",
        "01012345678 ext 5",
        "kim@",
        "@example.com",
        "kim@example",
        "kim kim@example.com",
        "kim@example.com, lee@example.com",
        "kim@example.com\nBcc: lee@example.com",
        "a" * 250 + "@example.com",
        "01" * 500,
    ],
)
def test_what_is_none(typed: str) -> None:
    with pytest.raises(NotAnIdentity):
        parse(typed)


@given(st.text(max_size=60))
def test_anything_is_either_an_identity_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except NotAnIdentity:
        return
    assert parse(found.value) == found
    assert parse(found.shown) == found


def test_masked_shows_enough_for_the_owner_alone() -> None:
    assert parse("010-1234-5678").masked == "010-****-5678"
    assert parse("younghee@example.com").masked == "yo****@example.com"
