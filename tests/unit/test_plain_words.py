"""What patients read is Korean: no English word or abbreviation but the few that have no other name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
READ_BY_PATIENTS = (
    "app/patient",
    "app/account",
    "app/public",
    "app/web",
    "app/notifications",
    "app/accounts",
    "app/cases/questions.py",
    "app/cases/finding_words.py",
)
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|%%")
LATIN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z][A-Za-z0-9_.-]*")
UNDECIDED = re.compile(r"\(으\)로|은\(는\)|이\(가\)|을\(를\)|와\(과\)|과\(와\)|\(이\)[가-힣]")
ALLOWED: dict[str, str] = {
    "MB": "a unit, where a file is too large",
    "km": "a unit of distance",
    "m": "the same",
    "Google": "an app's own name, as it stands on the telephone",
    "Authenticator": "the same",
    "PAD-UFES-20": "the name of a collection whose licence asks to be named",
    "AES-GCM": "the name of a method in the privacy policy, in brackets after plain words",
    "Argon2id": "the same",
}


@cache
def texts() -> list[tuple[str, str]]:
    """Return (where, text) for every text in what patients read."""
    found = []
    for part in READ_BY_PATIENTS:
        path = ROOT / part
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            method = {".html": "jinja2", ".py": "python"}.get(file.suffix)
            if method is None:
                continue
            for line, message, _comments, _context in extract_from_file(method, file, keywords=KEYWORDS):
                text = message if isinstance(message, str) else message[0]
                found.append((f"{file.relative_to(ROOT)}:{line}", text))
    return found


def told_elsewhere() -> list[tuple[str, str]]:
    """Return (where, text) for what is told in Korean but stands in no page: the data files, the library's words."""
    found = [(path.name, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "app").rglob("*.toml"))]
    with (ROOT / "app/translations/ko/LC_MESSAGES/flask_security.po").open("rb") as file:
        return found + [("flask_security.po", str(message.string)) for message in read_po(file)]


def foreign(text: str) -> list[str]:
    """Return the Latin words of a text that are not allowed."""
    return [word for word in LATIN.findall(PLACEHOLDER.sub(" ", text)) if word not in ALLOWED]


def test_no_english_word_stands_in_what_patients_read() -> None:
    all_texts = texts()
    assert len(all_texts) > 500, "the search finds nothing any more"
    assert {where: words for where, text in all_texts if (words := foreign(text))} == {}


def test_no_particle_is_left_for_the_reader_to_choose() -> None:
    """Particles depend on the sound before them: none may follow what is only filled in."""
    both = [*texts(), *told_elsewhere()]
    assert [where for where, text in both if UNDECIDED.search(text)] == []
    assert UNDECIDED.search("%(number)s(으)로 보냈습니다")


@pytest.mark.parametrize(
    ("text", "found"), [("예: 1a2b-3c4d", []), ("ICS 파일", ["ICS"]), ("%(day)s까지", [])]
)
def test_what_counts_as_foreign(text: str, found: list[str]) -> None:
    assert foreign(text) == found


def test_nothing_is_allowed_that_is_not_there() -> None:
    everything = " ".join(text for _where, text in texts())
    assert [word for word in ALLOWED if word not in everything] == []
