"""Doctors' specialties are said in the reader's language; what has no name in it is marked as Korean."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from app.accounts.specialties import SPECIALTIES, shown, specialty_name


@pytest.mark.parametrize(
    ("entered", "korean", "english"),
    [
        ("피부과", "피부과", "Dermatology"),
        (" 가정의학과 ", "가정의학과", "Family medicine"),
        ("한방 <피부>과", "한방 &lt;피부&gt;과", '<span lang="ko">한방 &lt;피부&gt;과</span>'),
        ("Dermatology", "Dermatology", "Dermatology"),
        (None, "", ""),
    ],
)
def test_a_page_says_it_in_the_readers_language(
    app: Flask, entered: str | None, korean: str, english: str
) -> None:
    for locale, expected in (("ko", korean), ("en", english)):
        with app.test_request_context(), force_locale(locale):
            assert str(shown(entered)) == expected


def test_each_that_is_known_has_an_english_name(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        assert [entered for entered in SPECIALTIES if not specialty_name(entered).isascii()] == []
