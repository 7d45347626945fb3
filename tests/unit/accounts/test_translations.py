"""Flask-Security has no Korean of its own: ours has a text for each of its messages."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import flask_security.core
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale
from flask_security.utils import get_message

ROOT = Path(__file__).resolve().parents[3]
OURS = ROOT / "app" / "translations" / "ko" / "LC_MESSAGES" / "flask_security.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%s")
SAME_IN_KOREAN = {"Google Authenticator"}


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def theirs() -> set[str]:
    """Every message that the library's own catalogue lists, and those that its code has by now."""
    template = Path(str(files("flask_security") / "translations" / "flask_security.pot"))
    listed = {message.id for message in _read(template) if message.id}
    return listed | {str(text) for text, _ in flask_security.core._default_messages.values() if str(text)}


@pytest.fixture(scope="module")
def korean() -> dict[str, str]:
    return {message.id: message.string for message in _read(OURS) if message.id and not message.fuzzy}


def test_nothing_is_missing(korean: dict[str, str]) -> None:
    assert sorted(theirs() - set(korean)) == []
    assert [text for text, said in korean.items() if not said.strip()] == []


def test_every_text_is_korean(korean: dict[str, str]) -> None:
    assert [
        t for t, said in korean.items() if not re.search("[가-힣]", said) and t not in SAME_IN_KOREAN
    ] == []


def test_what_is_filled_in_is_the_same(korean: dict[str, str]) -> None:
    for text, said in korean.items():
        assert sorted(m.group(0) for m in PLACEHOLDER.finditer(text)) == sorted(
            m.group(0) for m in PLACEHOLDER.finditer(said)
        ), text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_korean_and_english_are_shown(app: Flask, korean: dict[str, str]) -> None:
    """Needs the compiled catalogue: `make catalogues`."""
    with app.test_request_context():
        for locale, words in (("ko", "비밀번호가 맞지 않습니다"), ("en", "Invalid password")):
            with force_locale(locale):
                assert get_message("INVALID_PASSWORD")[0] == words
