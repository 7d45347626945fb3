"""The aspects' data holds what it says, and the finder never fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.aspects import KEYS, names
from nlp.aspects.catalogue import catalogue
from nlp.aspects.evaluate import evaluate, gold, second_reading
from nlp.aspects.finder import AspectFinder
from nlp.reviews import read_file
from nlp.sentiment.sentences import sentences

FINDER = AspectFinder.load()


def found(text: str, title: str = "") -> dict[str, tuple[int, ...]]:
    return FINDER.find(title, text, sentences(f"{title}\n{text}"))


@pytest.mark.parametrize("key", KEYS)
def test_the_examples_of_the_data_are_kept(key: str) -> None:
    aspect = catalogue().aspects[KEYS.index(key)]
    assert len(aspect.yes) >= 6
    assert [text for text in aspect.yes if key not in found(text)] == []
    assert [text for text in aspect.no if key in found(text)] == []


@pytest.mark.parametrize(
    "text", ["좋아요", "최고예요!!", "강추합니다 👍", "그냥 그래요", "", "ㅋㅋㅋㅋ", "별로"]
)
def test_a_bare_word_of_praise_or_blame_has_no_aspect(text: str) -> None:
    assert found(text) == {}


def test_both_sides_of_a_turn_are_told_apart() -> None:
    text = "편하긴 한데 병원이 없어요"
    assert sentences(text) == ["편하긴 한데", "병원이 없어요"]
    assert found(text) == {"hospital_connection": (1,), "ease": (0,)}


def test_spacing_does_not_matter() -> None:
    assert set(found("예 약 이 안 돼 요")) == set(found("예약이안돼요"))


def test_speed_is_ease_only_where_nothing_is_named_that_is_fast() -> None:
    assert set(found("빨라요")) == {"ease"}
    assert set(found("배송이 빨라요")) == {"prescription_delivery"}


def test_names_in_both_languages() -> None:
    assert names("region", "ko") == "지역"
    assert names("region", "en") == "Region and distance"
    with pytest.raises(KeyError):
        names("nothing")


@settings(max_examples=150, deadline=None)
@given(title=st.text(max_size=30), text=st.text(max_size=200))
def test_any_text_is_read_and_pieces_are_valid(title: str, text: str) -> None:
    pieces = sentences(f"{title}\n{text}")
    for key, where in FINDER.find(title, text, pieces).items():
        assert key in KEYS
        assert all(0 <= index < len(pieces) for index in where)


def test_the_gold_file_holds_labels_and_no_text() -> None:
    labels = gold()
    assert len({label.key for label in labels}) == len(labels) >= 300
    assert {label.half for label in labels} == {"tune", "report"}
    for label in labels:
        assert len(label.key) == 12
        assert int(label.key, 16) >= 0
        assert set(label.aspects) <= set(KEYS)
        assert set(label.aspects.values()) <= {"+", "-", "~"}
        assert label.polarity in ("pos", "neg", "mixed", "neutral")


def test_a_second_reader_labelled_the_same_reviews_with_the_same_keys() -> None:
    first, second = gold(), second_reading()
    assert [label.key for label in second] == [label.key for label in first]
    assert {key for label in second for key in label.aspects} <= set(KEYS)
    assert {sign for label in second for sign in label.aspects.values()} <= set("+-~")


def test_what_is_claimed_is_what_is_measured(real_reviews: Path) -> None:
    reviews = [r for path in sorted(real_reviews.glob("appstore_*.csv")) for r in read_file(path).reviews]
    figures = evaluate(reviews)
    micro = figures["report"]["micro"]["patterns"]
    assert micro["f1"] >= 0.85
    assert micro["low"] < micro["f1"] < micro["high"]
    rare = [row for row in figures["report"]["aspects"].values() if row["positives"] < 10]
    assert rare
    assert all("f1" not in row for row in rare)
    json.dumps(figures)
