"""Every Korean text of the portal is said in English too: the catalogue, and the pairs in the data files."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "app" / "translations"
CATALOGUE = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
# The keywords of the command that babel.cfg names.
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|%%")
MARKUP = re.compile(r"</?[a-z][^>]*>")
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
# Pairs that are empty in both languages, with the reason.
LEFT_EMPTY = {"app/cases/advice.toml.other": "a doctor who names something else writes the advice alone"}

Pair = tuple[str, Any, Any]


def forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    """Return the forms of a text: one, or singular and plural; none for none."""
    return [text] if isinstance(text, str) else list(text or ())


def placeholders(text: str) -> list[str]:
    """Return what is filled in, in an order of its own, since languages differ in theirs."""
    return sorted(PLACEHOLDER.findall(text))


def tags(text: str) -> list[str]:
    """Return the markup of a text."""
    return sorted(MARKUP.findall(text))


def in_app(path: str | os.PathLike[str]) -> bool:
    """Say whether a folder of the project belongs to the portal."""
    return Path(path).relative_to(ROOT).parts[0] == "app"


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """Return every text that is to be translated → where it stands."""
    with (TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    # The patterns begin with app/, so the walk starts at the root; but only app/ is entered.
    found = extract_from_dir(ROOT, methods, options, KEYWORDS, directory_filter=in_app)
    return {forms(text)[0]: f"{name}:{line}" for name, line, text, _, _ in found if forms(text)[0]}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


@pytest.fixture(scope="module")
def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def pairs(node: Any, at: str) -> Iterator[Pair]:
    """Yield (where, Korean, English) for every ko/en and *_ko/*_en in a data file; None for one that is missing."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from pairs(each, f"{at}[{number}]")
    elif isinstance(node, dict):
        stems = {key[:-2] for key in node if key in {"ko", "en"} or key.endswith(("_ko", "_en"))}
        for stem in sorted(stems):
            yield (f"{at}.{stem}" if stem else at), node.get(f"{stem}ko"), node.get(f"{stem}en")
        for key, each in node.items():
            yield from pairs(each, f"{at}.{key}")


@pytest.fixture(scope="module")
def data() -> list[Pair]:
    """Return the pairs of every data file of the portal."""
    found: list[Pair] = []
    for path in sorted((ROOT / "app").rglob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found += pairs(content, str(path.relative_to(ROOT)))
    return found


def test_texts_are_found(wanted: dict[str, str], data: list[Pair]) -> None:
    """Guards the other tests: a mapping that finds nothing would let everything pass."""
    sources = {where.rpartition(":")[0] for where in wanted.values()}
    assert {Path(name).suffix for name in sources} == {".py", ".html"}
    assert len(wanted) > 1000
    files = {where.partition(".toml")[0] for where, _, _ in data}
    assert {"app/cases/diagnoses", "app/cases/advice", "app/accounts/consents"} <= files


def test_every_text_has_its_english(wanted: dict[str, str], catalogue: Catalog) -> None:
    missing = []
    for text, where in wanted.items():
        message = catalogue.get(text)
        said = forms(message.string) if message and not message.fuzzy else []
        if not said or not all(form.strip() for form in said):
            missing.append(f"{where}: {text}")
    assert missing == []


def test_what_is_filled_in_is_the_same(messages: list[Message]) -> None:
    wrong = [
        forms(message.id)[0]
        for message in messages
        for said in forms(message.string)
        if placeholders(said) != placeholders(forms(message.id)[-1])
        or tags(said) != tags(forms(message.id)[-1])
    ]
    assert wrong == []


def test_english_is_without_korean(messages: list[Message]) -> None:
    """The catalogue needs no exception: a language's own name is written in the templates as it is."""
    assert [form for message in messages for form in forms(message.string) if HANGUL.search(form)] == []


def test_data_files_say_everything_twice(data: list[Pair]) -> None:
    wrong = []
    for where, korean, english in data:
        both = [forms(korean), forms(english)]
        complete = len(both[0]) == len(both[1]) > 0 and all(form.strip() for said in both for form in said)
        if not complete and not (where in LEFT_EMPTY and korean == english == ""):
            wrong.append(where)
    assert wrong == []


def test_data_files_have_each_language_in_its_place(data: list[Pair]) -> None:
    assert [where for where, korean, _ in data if korean and not HANGUL.search(" ".join(forms(korean)))] == []
    assert [where for where, _, english in data if HANGUL.search(" ".join(forms(english)))] == []
