from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.keyness import key_words
from nlp.phrases import count_phrases, phrase_keyness, phrases_of, words_of
from nlp.tokenize import Pos
from nlp.words import Word

CLINIC, BOOKING, CENTRE = Word("병원", Pos.NOUN), Word("예약", Pos.NOUN), Word("센터", Pos.NOUN)
NONE, FAILS, HANDY = Word("없다", Pos.ADJECTIVE), Word("안 되다", Pos.VERB), Word("편리", Pos.NOUN)
VOCABULARY = (CLINIC, BOOKING, CENTRE, NONE, FAILS, HANDY, Word("예약", Pos.FOREIGN))


def columns_of(reviews: list[list[list[int]]]) -> tuple[np.ndarray, np.ndarray]:
    columns: list[int] = []
    ends = [0]
    for review in reviews:
        for run in review:
            columns += [*run, -1]
        ends.append(len(columns))
    return np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int64)


def test_nouns_and_a_predicate_at_the_end_make_a_phrase() -> None:
    assert list(phrases_of([CLINIC, BOOKING, FAILS])) == [
        ("병원", "예약"),
        ("예약", "안 되다"),
        ("병원", "예약", "안 되다"),
    ]


@pytest.mark.parametrize("run", [[NONE, CLINIC], [HANDY, CLINIC], [CLINIC, CLINIC], [CLINIC], []])
def test_what_would_not_read_as_it_was_said_is_no_phrase(run: list[Word]) -> None:
    assert list(phrases_of(run)) == []


def test_a_word_that_ends_a_clause_may_end_a_phrase() -> None:
    assert list(phrases_of([BOOKING, HANDY])) == [("예약", "편리")]


@given(
    st.lists(
        st.tuples(
            st.lists(st.lists(st.integers(0, len(VOCABULARY) - 1), min_size=1, max_size=6), max_size=3),
            st.sampled_from([(True, False), (False, True), (False, False)]),
        ),
        max_size=12,
    ),
    st.integers(1, 3),
)
def test_counting_all_at_once_finds_the_same_as_one_by_one(
    reviews: list[tuple[list[list[int]], tuple[bool, bool]]], at_least: int
) -> None:
    expected: list[Counter[tuple[str, ...]]] = [Counter(), Counter()]
    for runs, membership in reviews:
        for group, member in zip(expected, membership, strict=True):
            for run in runs if member else ():
                group.update(phrases_of([VOCABULARY[i] for i in run]))
    total = expected[0] + expected[1]
    columns, ends = columns_of([runs for runs, _ in reviews])
    groups = np.array([member for _, member in reviews], dtype=bool).reshape(-1, 2).T
    counted = count_phrases(columns, ends, VOCABULARY, groups, at_least=at_least)
    assert counted == [{p: n for p, n in group.items() if total[p] >= at_least} for group in expected]


def test_a_phrase_does_not_reach_over_a_sentence_or_a_review() -> None:
    columns, ends = columns_of([[[0], [1]], [[3]]])
    assert count_phrases(columns, ends, VOCABULARY, np.ones((1, 2), dtype=bool), at_least=1) == [{}]


def test_part_of_a_longer_phrase_with_nearly_its_count_is_left_out() -> None:
    low = {("고객", "센터"): 20, ("고객", "센터", "연락"): 16, ("센터", "연락"): 30, ("의사", "설명"): 1}
    high = {("의사", "설명"): 60, ("병원", "예약"): 40}
    praise, blame = phrase_keyness(high, low, 10)
    # 16 of 20 is nearly all; 16 of 30 is not.
    assert [row.word for row in blame] == ["센터 연락", "고객 센터 연락"]
    assert [row.word for row in praise] == ["의사 설명", "병원 예약"]
    assert {row.pos for row in (*praise, *blame)} == {"phrase"}
    assert len(phrase_keyness(high, low, 1)[1]) == 1


def test_rare_phrases_are_not_shown_however_one_sided() -> None:
    high = {("병원", "예약"): 4000, ("의사", "설명"): 4000}
    assert phrase_keyness(high, {("병원", "예약"): 4, ("본인인증", "안 되다"): 4}, 10)[1] == ()


def test_one_side_alone_has_no_key_phrases() -> None:
    assert phrase_keyness({("병원", "예약"): 9, ("의사", "설명"): 3}, {}, 10) == ((), ())
    assert phrase_keyness({}, {}, 10) == ((), ())


def test_key_words_sides_swapped_swap_the_tables() -> None:
    names = [("병원", "noun"), ("오류", "noun"), ("편하다", "adjective")]
    a, b = np.array([50.0, 2.0, 90.0]), np.array([50.0, 70.0, 3.0])
    praise, blame = key_words(names, a, b, a + b)
    assert [row.word for row in praise] == ["편하다"]
    assert [row.word for row in blame] == ["오류"]
    swapped = key_words(names, b, a, a + b)
    assert [(row.word, row.z) for row in swapped[0]] == [(row.word, -row.z) for row in blame]


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("고객 센터 연락", ("고객", "센터", "연락")),
        ("병원 예약 안 되다", ("병원", "예약", "안 되다")),
        ("약 못 받다", ("약", "못 받다")),
    ],
)
def test_a_phrase_is_taken_apart_into_its_words(phrase: str, words: tuple[str, ...]) -> None:
    assert words_of(phrase) == words
