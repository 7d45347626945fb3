"""Which passwords are refused, and in which words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from flask import Flask

from app.accounts import service
from app.accounts.passwords import LONGEST, fault_of
from app.extensions import security

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing is stored


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    "password", ["오늘은 날씨가 참 좋다", "correct horse battery", "ㄱㄴㄷ 2019년 봄 제주"]
)
def test_good_enough(password: str) -> None:
    assert fault_of(password, "김영희", "kim@example.com", "+821012345678") is None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("123456789", "10자 이상"),
        ("가" * 9, "10자 이상"),
        ("x" * (LONGEST + 1), "128자까지만"),
        ("password12", "너무 흔한"),
        ("PassWord123", "너무 흔한"),
        ("1234567890", "너무 흔한"),
        ("abcdefghijkl", "너무 흔한"),
        ("aaaaaaaaaaaa", "너무 흔한"),
        ("1212121212", "너무 흔한"),
        ("qwertyuiop1", "너무 흔한"),
        ("younghee.kim!", "이름이나 연락처"),
        ("call 12345678 for me", "이름이나 연락처"),
        ("우리 집 홍길동길동 만세", "이름이나 연락처"),
    ],
)
def test_refused(password: str, words: str) -> None:
    assert words in str(fault_of(password, "홍길동길동", "younghee@example.com", "+821012345678"))


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    composed, decomposed = (unicodedata.normalize(form, "살핌이 좋은 까닭은") for form in ("NFC", "NFD"))
    assert composed != decomposed
    stored = service.hashed(composed)
    assert security.pwd_context.identify(stored) == "argon2"
    assert security.password_util.normalize(composed) == security.password_util.normalize(decomposed)
