from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from nlp import topics
from nlp.coherence import Cooccurrence
from nlp.counting import tf_idf
from nlp.intervals import share_of
from nlp.tokenize import Pos
from nlp.topics import Found, describe, find_topics
from nlp.words import Word

THEMES = (
    "병원 예약 대기 접수 의사 시간 진료 소아과 현장 순서",
    "오류 로그인 인증 화면 업데이트 버튼 종료 설치 번호 입력",
    "약 배송 처방 약국 팩스 전화 도착 수령 택배 봉투",
    "쿠폰 광고 알림 후기 포인트 이벤트 당첨 추천인 친구 상품",
)
SIZE = 10
VOCABULARY = [Word(text, Pos.NOUN) for theme in THEMES for text in theme.split()]


def reviews(count: int = 400, words: int = 5, stray: float = 0.1) -> tuple[csr_array, np.ndarray]:
    """Weights of reviews that take their words from one theme, larger themes first, and the theme of each."""
    draw = np.random.default_rng(1)
    theme = draw.choice(4, count, p=(0.4, 0.3, 0.2, 0.1))
    counts = np.zeros((count, len(VOCABULARY)))
    for row, own in enumerate(theme):
        counts[row, own * SIZE + draw.choice(SIZE, words, replace=False)] = 1
        if draw.random() < stray:
            counts[row, draw.integers(len(VOCABULARY))] += 1
    return tf_idf(csr_array(counts)), theme


def same(a: Found, b: Found) -> bool:
    return a.main.tobytes() == b.main.tobytes() and repr(a) == repr(b)


def test_themes_are_found_again_the_largest_first() -> None:
    weights, theme = reviews()
    found = find_topics(weights, VOCABULARY, tried=(2, 4, 8))
    assert max(found.tried, key=lambda k: found.tried[k]) == "4"
    assert len(found.labels) == 4
    for number in range(4):
        assert set(found.words[number]) == set(THEMES[number].split())
    assert (found.main == theme).mean() > 0.98
    assert found.agreement is not None
    assert 0.5 < found.agreement <= 1


def test_topics_agree_by_their_best_match() -> None:
    """The first is found again exactly, the second as half of something else."""
    mine = np.eye(3)[:2]
    other = np.array([[0, 0.6, 0.8], [1, 0, 0]])
    assert topics._agreement(mine, other) == pytest.approx((1 + 0.6) / 2)


def test_labels_share_no_word_and_are_made_of_the_topics_own() -> None:
    found = find_topics(reviews()[0], VOCABULARY)
    parts = [label.split(" · ") for label in found.labels]
    assert all(2 <= len(label) <= 3 for label in parts)
    assert len({word for label in parts for word in label}) == sum(map(len, parts))
    assert all(set(label) <= set(words) for label, words in zip(parts, found.words, strict=True))


def test_the_same_reviews_give_the_same_topics_however_many_threads() -> None:
    weights, _ = reviews()
    first = find_topics(weights, VOCABULARY)
    for threads in (1, 2):
        with threadpool_limits(threads):
            assert same(find_topics(weights, VOCABULARY), first)


def test_the_order_of_the_vocabulary_does_not_matter() -> None:
    weights, _ = reviews()
    turned = np.arange(len(VOCABULARY))[::-1]
    assert same(
        find_topics(weights, VOCABULARY),
        find_topics(csr_array(weights[:, turned]), [VOCABULARY[i] for i in turned]),
    )


def test_what_was_not_in_the_sample_gets_its_topic_too() -> None:
    weights, theme = reviews(1200)
    found = find_topics(weights, VOCABULARY, sample=300, tried=(4,))
    assert (found.main == theme).mean() > 0.95


def test_short_reviews_have_no_topic() -> None:
    weights, _ = reviews()
    weights = weights.tolil()
    weights[5] = 0
    weights[6] = 0
    weights[6, [0, 1]] = 0.7
    found = find_topics(csr_array(weights), VOCABULARY)
    assert found.main[[5, 6]].tolist() == [-1, -1]
    assert (found.main >= 0).sum() == 398


@pytest.mark.parametrize("count", [0, 1, 59])
def test_few_reviews_have_no_topics_and_it_is_said(count: int) -> None:
    found = find_topics(reviews(60)[0][:count], VOCABULARY)
    assert found.main.tolist() == [-1] * count
    assert f"{count} reviews" in found.method
    told = describe(found, np.ones(count, dtype=np.int64), np.zeros(count, dtype=bool), lambda _: ())
    assert (told.topics, told.agreement) == ((), None)


def test_reviews_that_all_say_the_same_have_no_topics() -> None:
    weights = csr_array(np.tile(np.full(6, 6**-0.5), (100, 1)))
    found = find_topics(weights, VOCABULARY[:6])  # every word is in more than 40 %
    assert found.labels == ()
    assert "Too few" in found.method


def test_a_topics_figures_are_those_of_its_reviews() -> None:
    found = Found(np.array([0, 1, -1, 0, 0]), ("병원", "약"), (("병원",), ("약",)), ((0.5,), (0.4,)), (0.1, 0.2),
                  {"2": 0.15}, 0.9, "NMF")  # fmt: skip
    masks: list[list[bool]] = []
    told = describe(
        found,
        np.array([5, 1, 3, 2, 4]),
        np.array([False, True, True, True, False]),
        lambda mask: masks.append(mask.tolist()) or (),  # type: ignore[func-returns-value]
    )
    clinic, drug = told.topics
    assert (clinic.reviews, clinic.share, clinic.mean_star) == (3, 0.6, 3.6667)
    assert clinic.negative == share_of(1, 3)
    assert (drug.number, drug.negative) == (1, share_of(1, 1))
    assert masks == [[True, False, False, True, True], [False, True, False, False, False]]


def test_npmi_as_computed_by_hand() -> None:
    """Of four reviews two hold a and b, one a alone; c is never with b; d is everywhere."""
    rows = csr_array(np.array([[1, 1, 0, 1], [1, 1, 0, 1], [1, 0, 1, 1], [0, 0, 0, 1]]))
    seen = Cooccurrence(rows)
    a_b = math.log(0.5 / (0.75 * 0.5)) / -math.log(0.5)
    a_c = math.log(0.25 / (0.75 * 0.25)) / -math.log(0.25)
    assert seen.npmi([0, 1]) == pytest.approx(a_b)
    assert seen.npmi([1, 2]) == -1
    assert seen.npmi([0, 1, 2]) == pytest.approx((a_b + a_c - 1) / 3)
    assert seen.npmi([0, 3]) == pytest.approx(0)
    assert seen.npmi([3]) == 0


def test_shares_of_topics_are_non_negative_least_squares() -> None:
    draw = np.random.default_rng(2)
    basis, rows = draw.random((3, 8)), draw.normal(size=(20, 8))
    shares = topics._shares(rows @ basis.T, basis @ basis.T, rounds=500)
    expected = np.array([nnls(basis.T, row)[0] for row in rows])
    assert shares == pytest.approx(expected, abs=1e-4)
